/**
 * An investigation as the report that `report.json` holds: in stated order, with ids that people can
 * say, priced in fiat of the day, facts and claims apart.
 *
 * Pure: the same input gives the same report, and `canonicalJson` of it the same bytes.
 */
import { coinText } from '../chain/amount-text.ts';
import { ClewError } from '../errors.ts';
import type {
  CashOut,
  Investigation,
  OwnTransfers,
  Payer,
  Payment,
  SeedPlace,
} from '../trace/investigation.ts';
import { formatTime } from '../units/time.ts';
import { AttributionTable } from './attribution-table.ts';
import { compareText } from './compare-text.ts';
import { Money, type MoneyTotal, sharePercent } from './money.ts';
import { proseText } from './prose.ts';
import { exactAmounts, fiatAmounts, type PaidAmount, RECURRING } from './recurring-amounts.ts';
import {
  type CashOutRow,
  type ClusterRow,
  type OriginRow,
  type PayerRow,
  type PaymentRow,
  REPORT_FORMAT,
  type Report,
  type ReportDerivation,
  type SeedRow,
  type UnspentRow,
} from './report-format.ts';
import type { ReportInput, SeedWithColumns } from './report-input.ts';
import { reportPrices } from './report-prices.ts';
import { buildRequests, depositRow } from './requests.ts';
import { largerFirst } from './sats-order.ts';
import { answerProse } from './summary.ts';
import { buildTimeline } from './timeline.ts';

const CURRENCIES_SHOWN = 2;

/** Our own bug, not a user's: the parts of an investigation do not agree with each other. */
function mustAgree(holds: boolean, what: string): void {
  if (!holds)
    throw new ClewError('CLEW_INTERNAL', `The investigation contradicts itself: ${what}.`);
}

function sumSats(payments: readonly Payment[]): bigint {
  return payments.reduce((sum, { amountSats }) => sum + BigInt(amountSats), 0n);
}

/** Figures that are said twice must be the same twice. */
function checkAgreement(investigation: Investigation): void {
  const { payments, payers, receivedSats, seeds, notSeen } = investigation;
  const keys = new Set(payers.map(({ key }) => key));
  mustAgree(keys.size === payers.length, 'two payers have one key');
  mustAgree(
    payments.every(({ payer }) => keys.has(payer)),
    'a payment has no payer',
  );
  const count = payers.reduce((sum, payer) => sum + payer.payments, 0);
  mustAgree(count === payments.length, 'payers and payments differ in number');
  const total = payers.reduce((sum, { totalSats }) => sum + totalSats, 0n);
  mustAgree(total === sumSats(payments), 'payers and payments differ in sum');
  mustAgree(receivedSats === total, 'what was received and the payments differ');
  const known = new Set([...seeds, ...notSeen].map(({ seed }) => seed));
  mustAgree(
    payments.every(({ sites }) => sites.every((seed) => known.has(seed))),
    'a payment went to a seed that is not listed',
  );
  checkUnspent(investigation);
}

/** The outputs that hold the money, and what following it says of its end, are one sum by either method. */
function checkUnspent({ unspent, forwardStops }: Investigation): void {
  for (const method of ['fifo', 'haircut'] as const) {
    const listed = unspent.reduce(
      (sum, { amountByMethod }) => sum + BigInt(amountByMethod[method]),
      0n,
    );
    const ended = forwardStops
      .filter(({ reason }) => reason === 'unspent' || reason === 'self')
      .reduce((sum, { sumByMethod }) => sum + sumByMethod[method], 0n);
    mustAgree(listed === ended, 'unspent outputs and the ends of the ways differ in sum');
  }
}

/** Seeds in the order of the file. */
function orderedSeeds({
  seeds,
  notSeen,
}: Investigation): (readonly [place: SeedPlace, isSeen: boolean])[] {
  const firstLine = (place: SeedPlace): number =>
    place.lines.reduce((least, line) => Math.min(least, line), Number.MAX_SAFE_INTEGER);
  return [
    ...seeds.map((place) => [place, true] as const),
    ...notSeen.map((place) => [place, false] as const),
  ].sort(([a], [b]) => firstLine(a) - firstLine(b) || compareText(a.seed, b.seed));
}

/** A seed as the investigation writes it. */
function seedText({ address, txid, vout }: SeedWithColumns): string {
  return address ?? (vout === undefined ? txid! : `${txid}:${vout}`);
}

function ownTransfersRow(own: OwnTransfers): NonNullable<Report['summary']['ownTransfers']> {
  return {
    transfers: own.transfers,
    transferSats: own.transferSats.toString(),
    withChange: own.withChange,
    changeSats: own.changeSats.toString(),
  };
}

/** Whether all its payments are one party's, as far as the chain tells. */
function isOnePayer(payer: Payer): boolean {
  return payer.kind === 'cluster' && payer.mayBeService !== true;
}

class ReportBuilder {
  readonly #input: ReportInput;
  readonly #investigation: Investigation;
  readonly #money: Money;
  readonly #attribution: AttributionTable;
  readonly #payerIds: ReadonlyMap<string, string>;
  readonly #clusterIds: ReadonlyMap<string, readonly string[]>;
  readonly #orderedSeeds: ReturnType<typeof orderedSeeds>;
  readonly #seedIds: ReadonlyMap<string, string>;
  readonly #clusterNames: ReadonlyMap<string, string>;

  constructor(input: ReportInput) {
    this.#input = input;
    this.#investigation = input.investigation;
    this.#money = new Money(
      input.prices,
      input.currencies ?? input.prices?.currencies.slice(0, CURRENCIES_SHOWN) ?? [],
    );
    this.#attribution = new AttributionTable(input.investigation);
    this.#payerIds = new Map(
      input.investigation.payers.map(({ key }, place) => [key, `P${place + 1}`]),
    );
    const clusterIds = new Map<string, string[]>();
    input.investigation.clusters.forEach(({ seeds }, place) => {
      for (const seed of seeds) {
        const known = clusterIds.get(seed);
        if (known === undefined) clusterIds.set(seed, [`C${place + 1}`]);
        else known.push(`C${place + 1}`);
      }
    });
    this.#clusterIds = clusterIds;
    this.#orderedSeeds = orderedSeeds(input.investigation);
    this.#seedIds = new Map(this.#orderedSeeds.map(([{ seed }], place) => [seed, `S${place + 1}`]));
    this.#clusterNames = new Map(
      input.investigation.clusters.map(({ clusterId }, place) => [clusterId, `C${place + 1}`]),
    );
  }

  /** `C1` for a cluster of the seeds; what is named otherwise keeps its name. */
  #clusterIdOf(clusterId: string): string {
    return this.#clusterNames.get(clusterId) ?? clusterId;
  }

  #payments(): PaymentRow[] {
    return this.#investigation.payments.map((payment) => ({
      txid: payment.txid,
      height: payment.height,
      at: formatTime(payment.timeSeconds),
      amount: this.#money.amount(payment.amountSats, payment.timeSeconds),
      toAddresses: payment.toAddresses,
      clusters: (payment.clusterIds ?? []).map((id) => this.#clusterIdOf(id)),
      seeds: payment.sites.map((seed) => this.#seedIds.get(seed)!),
      payer: this.#payerIds.get(payment.payer)!,
      origins: payment.origins.map(
        (origin): OriginRow => ({
          reason: origin.reason,
          ...(origin.service === undefined
            ? {}
            : { service: this.#attribution.keyOf(origin.service) }),
          txid: origin.txid,
          vout: origin.vout,
          ...(origin.address === undefined ? {} : { address: origin.address }),
          height: origin.heightOfTx,
          at: formatTime(origin.timeSeconds),
          hops: origin.hops,
          sats: origin.amountSats,
          ...(origin.path === undefined ? {} : { path: origin.path }),
          ...(origin.mayBeOwnMove === undefined ? {} : { mayBeOwnMove: origin.mayBeOwnMove }),
        }),
      ),
    }));
  }

  #payers(received: bigint): PayerRow[] {
    const totals = new Map<string, MoneyTotal>();
    for (const { payer, amountSats, timeSeconds } of this.#investigation.payments) {
      let total = totals.get(payer);
      if (total === undefined) {
        total = this.#money.total();
        totals.set(payer, total);
      }
      total.add(amountSats, timeSeconds);
    }
    return this.#investigation.payers.map((payer) =>
      this.#payer(payer, totals.get(payer.key)!, received),
    );
  }

  #payer(payer: Payer, total: MoneyTotal, received: bigint): PayerRow {
    mustAgree(total.sats === payer.totalSats, 'a payer and its payments differ in sum');
    return {
      id: this.#payerIds.get(payer.key)!,
      key: payer.key,
      kind: payer.kind,
      ...(payer.clusterId === undefined ? {} : { clusterId: payer.clusterId }),
      ...(payer.service === undefined ? {} : { service: this.#attribution.keyOf(payer.service) }),
      addresses: payer.addressCount,
      mayBeService: payer.mayBeService ?? false,
      payments: payer.payments,
      total: total.toTotal(),
      sharePercent: sharePercent(payer.totalSats, received),
      firstAt: formatTime(payer.firstSeconds),
      lastAt: formatTime(payer.lastSeconds),
      sources: payer.sources.map(({ service, totalSats, payments }) => ({
        service: this.#attribution.keyOf(service),
        sats: totalSats.toString(),
        payments,
      })),
      ...(payer.cadence === undefined
        ? {}
        : { cadence: { medianDays: payer.cadence.medianDays, payments: payer.cadence.payments } }),
    };
  }

  #cashOuts(): CashOutRow[] {
    const key = ({ service }: CashOut): string => this.#attribution.keyOf(service);
    return [...this.#investigation.cashOuts]
      .sort(
        (a, b) =>
          this.#attribution.rankOf(key(b)) - this.#attribution.rankOf(key(a)) ||
          largerFirst(a.sumByMethod.fifo, b.sumByMethod.fifo) ||
          largerFirst(a.sumByMethod.haircut, b.sumByMethod.haircut) ||
          compareText(key(a), key(b)),
      )
      .map((cashOut, place) => this.#cashOut(cashOut, place + 1));
  }

  #cashOut(cashOut: CashOut, rank: number): CashOutRow {
    const fifo = this.#money.total();
    const haircut = this.#money.total();
    for (const { amountByMethod, timeSeconds } of cashOut.deposits) {
      fifo.add(amountByMethod.fifo, timeSeconds);
      haircut.add(amountByMethod.haircut, timeSeconds);
    }
    mustAgree(
      fifo.sats === cashOut.sumByMethod.fifo && haircut.sats === cashOut.sumByMethod.haircut,
      'a cash-out and its deposits differ in sum',
    );
    return {
      rank,
      service: this.#attribution.keyOf(cashOut.service),
      byMethod: { fifo: fifo.toTotal(), haircut: haircut.toTotal() },
      hopsMin: cashOut.hopsMin,
      firstAt: formatTime(cashOut.firstSeconds),
      lastAt: formatTime(cashOut.lastSeconds),
      clusters: (cashOut.clusters ?? []).map(({ clusterId, totalSats }) => ({
        cluster: this.#clusterIdOf(clusterId),
        sats: totalSats.toString(),
      })),
      deposits: cashOut.deposits.map((deposit) => ({
        ...depositRow(deposit, this.#money),
        amounts: {
          fifo: this.#money.amount(deposit.amountByMethod.fifo, deposit.timeSeconds),
          haircut: this.#money.amount(deposit.amountByMethod.haircut, deposit.timeSeconds),
        },
      })),
    };
  }

  #unspent(): UnspentRow[] {
    return this.#investigation.unspent.map((output) => ({
      txid: output.txid,
      vout: output.vout,
      ...(output.address === undefined ? {} : { address: output.address }),
      height: output.heightOfTx,
      at: formatTime(output.timeSeconds),
      value: this.#money.amount(output.valueSats, output.timeSeconds),
      amounts: {
        fifo: this.#money.amount(output.amountByMethod.fifo, output.timeSeconds),
        haircut: this.#money.amount(output.amountByMethod.haircut, output.timeSeconds),
      },
      hops: output.hops,
      isOwn: output.isOwn,
    }));
  }

  #seeds(): SeedRow[] {
    const extra = new Map(this.#input.seedFile.seeds?.map((seed) => [seedText(seed), seed.extra]));
    const counts = new Map<string, number>();
    for (const seed of this.#investigation.payments.flatMap(({ sites }) => sites)) {
      counts.set(seed, (counts.get(seed) ?? 0) + 1);
    }
    return this.#orderedSeeds.map(([place, isSeen], row) => {
      const cells = extra.get(place.seed);
      return {
        id: `S${row + 1}`,
        seed: place.seed,
        kind: place.kind,
        lines: place.lines,
        isSeen,
        clusters: this.#clusterIds.get(place.seed) ?? [],
        payments: counts.get(place.seed) ?? 0,
        ...(place.source === undefined ? {} : { source: place.source }),
        ...(place.site === undefined ? {} : { site: place.site }),
        ...(place.seenAt === undefined ? {} : { seenAt: place.seenAt }),
        ...(place.note === undefined ? {} : { note: place.note }),
        ...(cells === undefined || Object.keys(cells).length === 0 ? {} : { extra: cells }),
      };
    });
  }

  /** Lines that held something. */
  #countLines(): number {
    const { rejected, otherChains, duplicates } = this.#input.seedFile;
    const lines = new Set(this.#orderedSeeds.flatMap(([place]) => place.lines));
    for (const { line } of [...rejected, ...otherChains, ...duplicates]) lines.add(line);
    return lines.size;
  }

  #clusters(): ClusterRow[] {
    return this.#investigation.clusters.map((cluster, place) => ({
      id: `C${place + 1}`,
      clusterId: cluster.clusterId,
      seeds: cluster.seeds,
      addresses: cluster.addressCount,
      furtherAddresses: cluster.furtherAddresses,
      isExpanded: cluster.expanded,
      ...(cluster.service === undefined
        ? {}
        : { service: this.#attribution.keyOf(cluster.service) }),
      receivedSats: cluster.receivedSats.toString(),
      why: cluster.why.map(({ from, to, txid, rule, ruleVersion, payjoinPossible }) => ({
        from,
        to,
        txid,
        rule,
        ruleVersion,
        isPayjoinPossible: payjoinPossible ?? false,
      })),
      whyOmitted: cluster.whyOmitted ?? 0,
      tags: this.#attribution.placesOf(cluster.tags),
    }));
  }

  #recurring(): Report['recurringAmounts'] {
    const [currency] = this.#money.currencies;
    const paid = this.#investigation.payments.map(
      ({ amountSats, timeSeconds, payer }): PaidAmount => ({
        sats: amountSats,
        timeSeconds,
        payer,
        hundredths:
          currency === undefined
            ? undefined
            : this.#money.hundredthsOf(amountSats, timeSeconds, currency),
        rateSource:
          currency === undefined ? undefined : this.#money.rateAt(timeSeconds, currency)?.source,
      }),
    );
    return [...(currency === undefined ? [] : fiatAmounts(paid, currency)), ...exactAmounts(paid)];
  }

  #summary(): Omit<Report['summary'], 'text'> {
    const { payments, payers, cashOuts, ownTransfers } = this.#investigation;
    const received = this.#money.total();
    const listed = this.#money.total();
    let listedPayments = 0;
    for (const payment of payments) {
      received.add(payment.amountSats, payment.timeSeconds);
      if (payment.sites.length === 0) continue;
      listed.add(payment.amountSats, payment.timeSeconds);
      listedPayments += 1;
    }
    const times = payments.map(({ timeSeconds }) => timeSeconds).sort((a, b) => a - b);
    const paidFrom = new Set<string>();
    let paymentsWithService = 0;
    for (const { origins } of payments) {
      const services = origins.flatMap(({ service }) => (service === undefined ? [] : [service]));
      if (services.length > 0) paymentsWithService += 1;
      for (const service of services) paidFrom.add(this.#attribution.keyOf(service));
    }
    return {
      payments: payments.length,
      payerGroups: payers.length,
      payersMax: payers.reduce((sum, payer) => sum + (isOnePayer(payer) ? 1 : payer.payments), 0),
      received: received.toTotal(),
      receivedAtListedSeeds: { ...listed.toTotal(), payments: listedPayments },
      firstAt: times.length === 0 ? null : formatTime(times[0]!),
      lastAt: times.length === 0 ? null : formatTime(times.at(-1)!),
      spentSats: this.#investigation.spentSats.toString(),
      balanceSats: this.#investigation.balanceSats.toString(),
      ownTransfers: ownTransfers === undefined ? null : ownTransfersRow(ownTransfers),
      servicesPaidFrom: paidFrom.size,
      servicesPaidTo: cashOuts.length,
      paymentsWithService,
    };
  }

  #derivation(): ReportDerivation {
    const { derivation, prices, seedFile } = this.#input;
    const { limits, asOfHeight } = this.#investigation;
    const parameters: Record<string, string | number | boolean> = { ...derivation.parameters };
    for (const side of ['backward', 'forward'] as const) {
      const { fromSeconds, toSeconds, ...numbers } = limits[side];
      for (const [name, value] of Object.entries(numbers)) parameters[`${side}.${name}`] = value;
      if (fromSeconds !== undefined) parameters[`${side}.from`] = formatTime(fromSeconds);
      if (toSeconds !== undefined) parameters[`${side}.to`] = formatTime(toSeconds);
    }
    for (const [name, value] of Object.entries(RECURRING)) parameters[`recurring.${name}`] = value;
    const { timeSeconds } = derivation.tip;
    const asOfSeconds =
      derivation.asOfSeconds ?? (asOfHeight === derivation.tip.height ? timeSeconds : undefined);
    return {
      clewVersion: derivation.clewVersion,
      network: derivation.network,
      coin: coinText(derivation.network),
      tip: {
        height: derivation.tip.height,
        hash: derivation.tip.hash,
        ...(timeSeconds === undefined ? {} : { at: formatTime(timeSeconds) }),
      },
      asOfHeight,
      ...(asOfSeconds === undefined ? {} : { asOfAt: formatTime(asOfSeconds) }),
      ...(derivation.heightMin === undefined ? {} : { heightMin: derivation.heightMin }),
      runId: derivation.runId,
      rules: derivation.rules,
      parameters,
      seedFile: { name: seedFile.name, sha256: seedFile.sha256 },
      tagPacks: derivation.tagPacks,
      ...(derivation.tagsDigest === undefined ? {} : { tagsDigest: derivation.tagsDigest }),
      ...(derivation.factsSource === undefined ? {} : { factsSource: derivation.factsSource }),
      prices: prices === undefined ? null : reportPrices(prices, this.#money),
    };
  }

  #largeClusters(): Report['largeClusters'] {
    const { largeClusters } = this.#investigation;
    return (largeClusters ?? []).map(
      ({ clusterId, addressCount, direction, totalSats, outputs }) => ({
        clusterId,
        addresses: addressCount,
        direction,
        sats: totalSats.toString(),
        outputs,
      }),
    );
  }

  #flow(): Report['flow'] {
    const { flow } = this.#investigation;
    return {
      nodes: flow.nodes.map(({ key, kind, label }) => ({ key, kind, label })),
      edges: flow.edges.map(({ from, to, totalSats, transactions }) => ({
        from,
        to,
        sats: totalSats.toString(),
        transactions,
      })),
    };
  }

  #seedFile(): Report['seedFile'] {
    const { seedFile } = this.#input;
    return {
      lines: this.#countLines(),
      rejected: seedFile.rejected.map(({ line, text: words, code, reason }) => ({
        line,
        text: words,
        code,
        reason,
      })),
      otherChains: seedFile.otherChains.map(({ line, text: words, chain }) => ({
        line,
        text: words,
        chain,
      })),
      duplicates: seedFile.duplicates.map(({ line, firstLine }) => ({ line, firstLine })),
      warnings: seedFile.warnings.map(({ code, message, facts }) => ({
        code,
        message,
        ...(typeof facts['line'] === 'number' ? { line: facts['line'] } : {}),
      })),
    };
  }

  build(): Report {
    const { title } = this.#input;
    const { mixes, forwardStops, unresolved, payments } = this.#investigation;
    const summary = this.#summary();
    const parts = {
      summary,
      requests: buildRequests(this.#investigation, this.#attribution, this.#money),
      payers: this.#payers(sumSats(payments)),
      payments: this.#payments(),
      cashOuts: this.#cashOuts(),
      forwardStops: forwardStops.map(({ reason, placesByMethod, sumByMethod }) => ({
        reason,
        placesByMethod: { fifo: placesByMethod.fifo, haircut: placesByMethod.haircut },
        byMethod: { fifo: sumByMethod.fifo.toString(), haircut: sumByMethod.haircut.toString() },
      })),
      unspent: this.#unspent(),
      seeds: this.#seeds(),
      clusters: this.#clusters(),
      attribution: this.#attribution.toReport(),
      derivation: this.#derivation(),
    };
    const services = new Map(parts.attribution.services.map((row) => [row.key, row]));
    const text = proseText(answerProse(parts), (key) => {
      const { name, categoryName } = services.get(key)!;
      return `“${name}” (${categoryName}, as its sources say)`;
    }).trim();
    return {
      format: REPORT_FORMAT,
      title: title ?? 'Payments to a seed set',
      ...parts,
      summary: { text, ...summary },
      recurringAmounts: this.#recurring(),
      timeline: buildTimeline(payments, this.#money),
      mixes: mixes.map(({ amountSats, ...mix }) => ({ ...mix, sats: amountSats.toString() })),
      largeClusters: this.#largeClusters(),
      flow: this.#flow(),
      unresolved: unresolved.map(({ what, count, totalSats }) => ({
        what,
        count,
        ...(totalSats === undefined ? {} : { sats: totalSats.toString() }),
      })),
      seedFile: this.#seedFile(),
    };
  }
}

/**
 * Build the report of an investigation.
 *
 * @throws {ClewError} CLEW_INTERNAL when the parts of the investigation contradict each other: payers and
 *   payments must agree in number and sum, cash-outs with their deposits, unspent outputs with the ends of ways
 * @example const report = buildReport({ investigation, seedFile, derivation, prices });
 */
export function buildReport(input: ReportInput): Report {
  checkAgreement(input.investigation);
  return new ReportBuilder(input).build();
}
