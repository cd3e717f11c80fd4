/**
 * The lists of a report as CSV files, whole, for spreadsheets and for other programs.
 *
 * Amounts stand in satoshi and in coins; fiat columns come in the order of the report's currencies and are
 * empty where a day has no price. Each value is followed by its rate and by whose rate it is; beside a total stand
 * the sources of its values. Times are ISO 8601 in UTC. Cells with several values separate
 * them by a space (ids, addresses) or by ` | ` (text).
 */

import { formatCoins } from '../units/amount.ts';
import { type CsvCell, writeCsv } from './csv.ts';
import type { Amount, Report, ServiceRequest, Total } from './report-format.ts';

/** One rendered file. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

class CsvRenderer {
  readonly #report: Report;
  readonly #currencies: readonly string[];
  readonly #serviceByKey: ReadonlyMap<string, Report['attribution']['services'][number]>;

  constructor(report: Report) {
    this.#report = report;
    this.#currencies = report.derivation.prices?.currencies ?? [];
    this.#serviceByKey = new Map(report.attribution.services.map((row) => [row.key, row]));
  }

  #fiatHeader(what: string): string[] {
    return this.#currencies.flatMap((code) => {
      const name = `${what}_${code.toLowerCase()}`;
      return [name, `${name}_rate`, `${name}_rate_source`];
    });
  }

  #fiat(amount: Amount): CsvCell[] {
    return this.#currencies.flatMap((code): CsvCell[] => {
      const fiat = amount.fiat?.[code];
      return [fiat?.value, fiat?.rate, fiat?.source];
    });
  }

  #totalHeader(what: string): string[] {
    return this.#currencies.flatMap((code) => {
      const name = `${what}_${code.toLowerCase()}`;
      return [name, `${name}_rate_sources`];
    });
  }

  #fiatTotal(total: Total): CsvCell[] {
    return this.#currencies.flatMap((code): CsvCell[] => {
      const fiat = total.fiat?.[code];
      // Nothing priced is no value, not a value of zero.
      if (fiat === undefined || fiat.pricedAmounts === 0) return [undefined, undefined];
      return [fiat.value, fiat.sources.map(({ source }) => source).join(' | ')];
    });
  }

  #rateDay(amount: Amount): CsvCell {
    const [code] = this.#currencies;
    return code === undefined ? undefined : amount.fiat?.[code]?.rateDay;
  }

  /** Name and kind of a service as its sources say, and the sources. */
  #claim(key: string | undefined): CsvCell[] {
    const service = key === undefined ? undefined : this.#serviceByKey.get(key);
    if (service === undefined) return [undefined, undefined, undefined];
    const { tags } = this.#report.attribution;
    const sources = service.tags.map((place) => {
      const tag = tags[place]!;
      return `${tag.label} (${tag.categoryName}; ${tag.pack}${tag.sourceDate === undefined ? '' : `, ${tag.sourceDate}`}; ${tag.confidence})`;
    });
    return [service.name, service.categoryName, sources.join(' | ')];
  }

  payments(): string {
    const header = [
      'txid',
      'time',
      'height',
      'amount_sats',
      'amount_coins',
      ...this.#fiatHeader('amount'),
      'price_day',
      'payer',
      'to_addresses',
      'clusters',
      'listed_seeds',
      'origin_services_claimed',
      'origin_outputs',
      'origin_hops_min',
      'origin_reasons',
    ];
    const rows = this.#report.payments.map((payment): CsvCell[] => {
      const services = payment.origins.flatMap(({ service }) =>
        service === undefined ? [] : [this.#serviceByKey.get(service)!.name],
      );
      return [
        payment.txid,
        payment.at,
        payment.height,
        payment.amount.sats,
        payment.amount.coins,
        ...this.#fiat(payment.amount),
        this.#rateDay(payment.amount),
        payment.payer,
        payment.toAddresses.join(' '),
        payment.clusters.join(' '),
        payment.seeds.join(' '),
        [...new Set(services)].join(' | '),
        payment.origins.map(({ txid, vout }) => `${txid}:${vout}`).join(' '),
        payment.origins.length === 0
          ? undefined
          : payment.origins.reduce(
              (least, { hops }) => Math.min(least, hops),
              Number.POSITIVE_INFINITY,
            ),
        [...new Set(payment.origins.map(({ reason }) => reason))].join(' '),
      ];
    });
    return writeCsv(header, rows);
  }

  payers(): string {
    const header = [
      'payer',
      'kind',
      'may_be_service',
      'cluster_id',
      'addresses',
      'payments',
      'total_sats',
      'total_coins',
      ...this.#totalHeader('total'),
      'share_percent',
      'first_time',
      'last_time',
      'cadence_median_days',
      'claimed_service',
      'claimed_category',
      'claimed_by',
      'source_services_claimed',
    ];
    const rows = this.#report.payers.map((payer): CsvCell[] => [
      payer.id,
      payer.kind,
      payer.mayBeService ? 'yes' : 'no',
      payer.clusterId,
      payer.addresses,
      payer.payments,
      payer.total.sats,
      payer.total.coins,
      ...this.#fiatTotal(payer.total),
      payer.sharePercent,
      payer.firstAt,
      payer.lastAt,
      payer.cadence?.medianDays,
      ...this.#claim(payer.service),
      payer.sources
        .map(
          ({ service, sats }) =>
            `${this.#serviceByKey.get(service)!.name}: ${formatCoins(BigInt(sats))}`,
        )
        .join(' | '),
    ]);
    return writeCsv(header, rows);
  }

  cashOuts(): string {
    const header = [
      'rank',
      'claimed_service',
      'claimed_category',
      'claimed_by',
      'txid',
      'output',
      'address',
      'time',
      'value_sats',
      'value_coins',
      'fifo_sats',
      'fifo_coins',
      'haircut_sats',
      'haircut_coins',
      ...this.#fiatHeader('fifo'),
      'price_day',
      'hops',
    ];
    const rows = this.#report.cashOuts.flatMap((cashOut) =>
      cashOut.deposits.map((deposit): CsvCell[] => [
        cashOut.rank,
        ...this.#claim(cashOut.service),
        deposit.txid,
        deposit.vout,
        deposit.address,
        deposit.at,
        deposit.value.sats,
        deposit.value.coins,
        deposit.byMethod.fifo,
        formatCoins(deposit.byMethod.fifo),
        deposit.byMethod.haircut,
        formatCoins(deposit.byMethod.haircut),
        ...this.#fiat(deposit.amounts.fifo),
        this.#rateDay(deposit.amounts.fifo),
        deposit.hops,
      ]),
    );
    return writeCsv(header, rows);
  }

  unspent(): string {
    const header = [
      'txid',
      'output',
      'address',
      'time',
      'height',
      'value_sats',
      'value_coins',
      'fifo_sats',
      'fifo_coins',
      'haircut_sats',
      'haircut_coins',
      ...this.#fiatHeader('fifo'),
      'price_day',
      'hops',
      'with_seed_set',
    ];
    const rows = this.#report.unspent.map((row): CsvCell[] => [
      row.txid,
      row.vout,
      row.address,
      row.at,
      row.height,
      row.value.sats,
      row.value.coins,
      row.amounts.fifo.sats,
      row.amounts.fifo.coins,
      row.amounts.haircut.sats,
      row.amounts.haircut.coins,
      ...this.#fiat(row.amounts.fifo),
      this.#rateDay(row.amounts.fifo),
      row.hops,
      row.isOwn ? 'yes' : 'no',
    ]);
    return writeCsv(header, rows);
  }

  seeds(): string {
    const clusterById = new Map(this.#report.clusters.map((cluster) => [cluster.id, cluster]));
    const extra = [
      ...new Set(this.#report.seeds.flatMap(({ extra: cells }) => Object.keys(cells ?? {}))),
    ];
    const header = [
      'seed_id',
      'seed',
      'kind',
      'lines',
      'status',
      'reason',
      'clusters',
      'cluster_ids',
      'payments',
      'source',
      'site',
      'seen_at',
      'note',
      ...extra.map((name) => `given_${name}`),
    ];
    const blank = extra.map((): CsvCell => undefined);
    const rows: CsvCell[][] = this.#report.seeds.map((seed) => [
      seed.id,
      seed.seed,
      seed.kind,
      seed.lines.join(' '),
      seed.isSeen ? 'used' : 'not_seen',
      undefined,
      seed.clusters.join(' '),
      seed.clusters.map((id) => clusterById.get(id)!.clusterId).join(' '),
      seed.payments,
      seed.source,
      seed.site,
      seed.seenAt,
      seed.note,
      ...extra.map((name) => seed.extra?.[name]),
    ]);
    const unused = (text: string, line: number, status: string, reason: string): CsvCell[] => [
      undefined,
      text,
      undefined,
      String(line),
      status,
      reason,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      ...blank,
    ];
    const { rejected, otherChains } = this.#report.seedFile;
    for (const row of rejected)
      rows.push(unused(row.text, row.line, 'bad_line', `${row.code}: ${row.reason}`));
    for (const row of otherChains) rows.push(unused(row.text, row.line, 'other_chain', row.chain));
    return writeCsv(header, rows);
  }

  mixes(): string {
    const header = [
      'txid',
      'height',
      'direction',
      'rule',
      'rule_version',
      'strength',
      'anonymity_set',
      'amount_sats',
      'amount_coins',
    ];
    const rows = this.#report.mixes.map((mix): CsvCell[] => [
      mix.txid,
      mix.height,
      mix.direction,
      mix.rule,
      mix.ruleVersion,
      mix.strength,
      mix.anonymitySet,
      mix.sats,
      formatCoins(BigInt(mix.sats)),
    ]);
    return writeCsv(header, rows);
  }

  requests(): string {
    const header = [
      'request',
      'claimed_service',
      'claimed_category',
      'claimed_by',
      'question',
      'txid',
      'output',
      'address',
      'time',
      'value_sats',
      'value_coins',
      ...this.#fiatHeader('value'),
      'hops',
      'payments',
      'may_be_own_move_ask_next',
    ];
    return writeCsv(
      header,
      this.#report.requests.flatMap((request) => this.#requestRows(request)),
    );
  }

  #requestRows(request: ServiceRequest): CsvCell[][] {
    const noFiat = this.#fiatHeader('value').map((): CsvCell => undefined);
    const claim = this.#claim(request.service);
    return [
      ...request.withdrawals.map((row): CsvCell[] => [
        request.id,
        ...claim,
        'who_withdrew',
        row.txid,
        row.vout,
        row.address,
        row.at,
        row.reached.sats,
        row.reached.coins,
        ...this.#fiat(row.reached),
        row.hopsMin,
        row.payments.join(' '),
        row.mayBeOwnMove ? row.nextOutputs.join(' ') : undefined,
      ]),
      ...request.deposits.map((row): CsvCell[] => [
        request.id,
        ...claim,
        'whose_deposit',
        row.txid,
        row.vout,
        row.address,
        row.at,
        row.value.sats,
        row.value.coins,
        ...this.#fiat(row.value),
        row.hops,
        undefined,
        undefined,
      ]),
      ...request.accounts.map((seed): CsvCell[] => [
        request.id,
        ...claim,
        'whose_address',
        undefined,
        undefined,
        seed,
        undefined,
        undefined,
        undefined,
        ...noFiat,
        undefined,
        undefined,
        undefined,
      ]),
    ];
  }
}

/**
 * The CSV files of a report.
 *
 * @returns payments, payers, cash-outs, unspent outputs, seeds, mixes and requests, in that order, each with a
 *   header even when empty
 */
export function renderCsv(report: Report): NamedText[] {
  const renderer = new CsvRenderer(report);
  return [
    { name: 'payments.csv', text: renderer.payments() },
    { name: 'payers.csv', text: renderer.payers() },
    { name: 'cash-outs.csv', text: renderer.cashOuts() },
    { name: 'unspent.csv', text: renderer.unspent() },
    { name: 'seeds.csv', text: renderer.seeds() },
    { name: 'mixes.csv', text: renderer.mixes() },
    { name: 'requests.csv', text: renderer.requests() },
  ];
}
