/**
 * Invented investigations for tests of the report: plausible in shape, with figures that agree with each
 * other, and of any size. Nothing in them is real: the addresses are random text of the regtest form, the
 * services do not exist.
 */

import type { ServiceClaim } from '../../src/attribution/match.ts';
import { sha256Hex } from '../../src/bytes/hash.ts';
import { bytesToHex } from '../../src/bytes/hex.ts';
import { type SeededRandom, seededRandom } from '../../src/bytes/seeded-random.ts';
import { priceBookOfFile } from '../../src/report/price-book-of-file.ts';
import type { Derivation, ReportInput, SeedFileFindings } from '../../src/report/report-input.ts';
import type {
  CashOut,
  FlowEdge,
  FlowNode,
  Investigation,
  MixMet,
  Payer,
  Payment,
  PaymentOrigin,
  SeedCluster,
  SeedPlace,
  StopSummary,
  UnspentOutput,
} from '../../src/trace/investigation.ts';
import type { Address, OutputIndex, ScriptId } from '../../src/units/ids.ts';
import {
  DAY_SECONDS,
  START_SECONDS,
  sampleAddress,
  samplePricesCsv,
  sampleServices,
  sampleTag,
  sampleTxid,
} from './sample-claims.ts';

export interface SampleSize {
  readonly seed: string;
  readonly seeds: number;
  readonly clusters: number;
  readonly payments: number;
  readonly payers: number;
  readonly services: number;
  readonly days: number;
  readonly mixes: number;
  readonly badLines: number;
}

export const SMALL: SampleSize = {
  seed: 'small',
  seeds: 3,
  clusters: 2,
  payments: 14,
  payers: 8,
  services: 3,
  days: 110,
  mixes: 1,
  badLines: 1,
};
export const MEDIUM: SampleSize = {
  seed: 'medium',
  seeds: 40,
  clusters: 6,
  payments: 126,
  payers: 84,
  services: 9,
  days: 300,
  mixes: 6,
  badLines: 4,
};
export const LARGE: SampleSize = {
  seed: 'large',
  seeds: 1_000,
  clusters: 60,
  payments: 5_000,
  payers: 1_900,
  services: 40,
  days: 900,
  mixes: 300,
  badLines: 70,
};

const RUN = 'co-spend-3f9a61c2';

const samePlaces = (places: number): StopSummary['placesByMethod'] => ({
  fifo: places,
  haircut: places,
});

class SampleMaker {
  readonly #size: SampleSize;
  readonly #random: SeededRandom;
  readonly #services: readonly ServiceClaim[];
  readonly #seeds: readonly Address[];
  readonly #clusters: SeedCluster[];
  readonly #prices = priceBookOfFile(new TextEncoder().encode(samplePricesCsv()), {
    fileName: 'prices.csv',
    asset: 'BTC',
  });

  constructor(size: SampleSize) {
    this.#size = size;
    this.#random = seededRandom(size.seed);
    this.#services = sampleServices(this.#random.fork('services'), size.services);
    this.#seeds = Array.from({ length: size.seeds }, () => sampleAddress(this.#random));
    this.#clusters = this.#makeClusters();
  }

  #makeClusters(): SeedCluster[] {
    const random = this.#random.fork('clusters');
    const groups: Address[][] = Array.from({ length: this.#size.clusters }, () => []);
    this.#seeds.forEach((seed, i) => {
      groups[i < groups.length ? i : Math.floor(groups.length * random.unit() ** 2)]!.push(seed);
    });
    return groups.map((seeds, i): SeedCluster => {
      const further = Array.from({ length: random.int(0, 14) }, () => sampleAddress(random));
      const service = i === groups.length - 1 && groups.length > 3 ? this.#services[0] : undefined;
      return {
        clusterId: `${RUN}:${sampleAddress(random)}`,
        seeds,
        addressCount: seeds.length + further.length,
        furtherAddresses: service === undefined ? further : [],
        ...(service === undefined ? {} : { service }),
        expanded: service === undefined,
        why: seeds.slice(1).map((seed, place) => ({
          from: seeds[Math.floor(place / 2)]!,
          to: seed,
          txid: sampleTxid(random),
          rule: random.chance(0.9) ? 'co-spend' : 'same-key',
          ruleVersion: 1,
          ...(place === 1 ? { payjoinPossible: true } : {}),
        })),
        receivedSats: 0n,
        tags:
          i === 1
            ? [
                sampleTag(random, {
                  label: 'named in a forum',
                  category: 'forum_mention',
                  confidence: 'web_crawl',
                }),
              ]
            : [],
      };
    });
  }

  #amountSats(random: SeededRandom, timeSeconds: number): number {
    const day = new Date(timeSeconds * 1000).toISOString().slice(0, 10);
    const rate = Number(this.#prices.rateOn(day, 'USD')?.rate ?? '30000');
    const usd = random.chance(0.75)
      ? random.pick([24.5, 41, 41, 99]) * random.normal(1, 0.006)
      : 15 * Math.exp(random.normal(1.6, 1.1));
    if (random.chance(0.04)) return 100_000;
    return Math.max(600, Math.round((usd / rate) * 1e8));
  }

  #origins(
    random: SeededRandom,
    amountSats: number,
    timeSeconds: number,
    height: number,
  ): PaymentOrigin[] {
    const parts = random.chance(0.2) && amountSats > 2_000 ? 2 : 1;
    const first = parts === 2 ? Math.floor(amountSats * 0.6) : amountSats;
    const amounts = parts === 2 ? [first, amountSats - first] : [first];
    return amounts.map((sats) => {
      const named = random.chance(0.82);
      const hops = random.int(0, 4);
      const service = this.#services[Math.floor(this.#services.length * random.unit() ** 1.7)]!;
      return {
        reason: named
          ? 'service'
          : random.pick(['depth', 'unknown_prevout', 'coinjoin', 'mined'] as const),
        ...(named ? { service } : {}),
        txid: sampleTxid(random),
        vout: random.int(0, 3),
        address: sampleAddress(random),
        heightOfTx: height - hops * 40,
        timeSeconds: timeSeconds - hops * 24_000,
        hops,
        amountSats: sats,
        ...(named && hops > 1 && random.chance(0.2)
          ? {
              mayBeOwnMove: true as const,
              path: Array.from({ length: hops + 1 }, () => `${sampleTxid(random)}:1`),
            }
          : {}),
      };
    });
  }

  #makePayments(): Payment[] {
    const random = this.#random.fork('payments');
    const times = Array.from({ length: this.#size.payments }, () =>
      Math.floor(
        START_SECONDS + this.#size.days * DAY_SECONDS * Math.min(0.999, random.unit() ** 0.8),
      ),
    ).sort((a, b) => a - b);
    return times.map((timeSeconds): Payment => {
      const cluster = this.#clusters[Math.floor(this.#clusters.length * random.unit() ** 2)]!;
      const atSeed = random.chance(0.85) || cluster.furtherAddresses.length === 0;
      const height = 669_000 + Math.floor((timeSeconds - START_SECONDS) / 600);
      const amountSats = this.#amountSats(random, timeSeconds);
      const to = random.pick(atSeed ? cluster.seeds : cluster.furtherAddresses);
      return {
        txid: sampleTxid(random),
        height,
        timeSeconds,
        amountSats,
        toAddresses: [to],
        sites: cluster.seeds.includes(to) ? [to] : [],
        clusterIds: [cluster.clusterId],
        payer: `payer-${Math.floor(this.#size.payers * random.unit() ** 1.3)}`,
        origins: this.#origins(random, amountSats, timeSeconds, height),
      };
    });
  }

  #makePayers(payments: readonly Payment[]): Payer[] {
    const random = this.#random.fork('payers');
    const groups = Map.groupBy(payments, ({ payer }) => payer);
    const payers = [...groups].map(([key, group], i): Payer => {
      const kind =
        i % 11 === 4
          ? 'service'
          : i % 29 === 17
            ? 'coinjoin'
            : i % 37 === 19
              ? 'unknown'
              : 'cluster';
      const sources = new Map<ServiceClaim, { totalSats: bigint; payments: number }>();
      for (const { origins } of group) {
        for (const { service, amountSats } of origins) {
          if (service === undefined) continue;
          const sum = sources.get(service) ?? { totalSats: 0n, payments: 0 };
          sources.set(service, {
            totalSats: sum.totalSats + BigInt(amountSats),
            payments: sum.payments + 1,
          });
        }
      }
      const direct = kind === 'service' ? this.#services[i % this.#services.length] : undefined;
      return {
        key,
        kind,
        ...(kind === 'cluster' ? { clusterId: `${RUN}:${sampleAddress(random)}` } : {}),
        ...(direct === undefined ? {} : { service: direct }),
        addressCount: random.int(1, 30),
        ...(i % 23 === 6 ? { mayBeService: true as const } : {}),
        payments: group.length,
        totalSats: group.reduce((sum, { amountSats }) => sum + BigInt(amountSats), 0n),
        firstSeconds: group[0]!.timeSeconds,
        lastSeconds: group.at(-1)!.timeSeconds,
        sources:
          kind === 'cluster'
            ? [...sources]
                .map(([service, sum]) => ({ service, ...sum }))
                .sort((a, b) => Number(b.totalSats - a.totalSats))
            : [],
        ...(group.length >= 4 && random.chance(0.3)
          ? { cadence: { medianDays: random.pick([7, 30, 31]), payments: group.length } }
          : {}),
      };
    });
    return payers.sort((a, b) =>
      a.totalSats === b.totalSats ? (a.key < b.key ? -1 : 1) : a.totalSats > b.totalSats ? -1 : 1,
    );
  }

  #makeCashOuts(received: bigint): CashOut[] {
    const random = this.#random.fork('cash-outs');
    const count = Math.max(1, Math.floor(this.#size.services / 3));
    let left = Number(received) * 0.8;
    return Array.from({ length: count }, (_, i): CashOut => {
      const service = this.#services[(i * 3) % this.#services.length]!;
      const deposits = Array.from(
        { length: random.int(1, Math.max(2, Math.floor(this.#size.payments / 40))) },
        () => {
          const fifo = Math.floor(left * 0.12 * random.unit());
          left -= fifo;
          const haircut = Math.floor(fifo * (0.45 + random.unit() * 0.7));
          return {
            txid: sampleTxid(random),
            vout: random.int(0, 2),
            address: sampleAddress(random),
            timeSeconds: Math.floor(
              START_SECONDS + (0.2 + 0.8 * random.unit()) * this.#size.days * DAY_SECONDS,
            ),
            valueSats: Math.floor(Math.max(fifo, haircut) * (1 + random.unit())),
            amountByMethod: { fifo, haircut },
            hops: random.int(1, 6),
          };
        },
      ).sort((a, b) => b.amountByMethod.fifo - a.amountByMethod.fifo);
      const sum = (method: 'fifo' | 'haircut'): bigint =>
        deposits.reduce((total, { amountByMethod }) => total + BigInt(amountByMethod[method]), 0n);
      const times = deposits.map(({ timeSeconds }) => timeSeconds);
      return {
        service,
        sumByMethod: { fifo: sum('fifo'), haircut: sum('haircut') },
        clusters: this.#clusters.slice(0, 1 + (i % 5)).map(({ clusterId }, row) => ({
          clusterId,
          totalSats: sum('fifo') / BigInt(2 ** (row + 1)),
        })),
        hopsMin: Math.min(...deposits.map(({ hops }) => hops)),
        firstSeconds: Math.min(...times),
        lastSeconds: Math.max(...times),
        deposits,
      };
    });
  }

  /** Outputs that hold the sums between them; one in three is the set's own. */
  #makeUnspent(fifoSats: number, haircutSats: number): UnspentOutput[] {
    const random = this.#random.fork('unspent');
    const count = Math.max(1, Math.floor(this.#size.payments / 7));
    const partOf = (sats: number, i: number): number =>
      Math.floor(sats / count) + (i === 0 ? sats % count : 0);
    return Array.from({ length: count }, (_, i): UnspentOutput => {
      const amountByMethod = { fifo: partOf(fifoSats, i), haircut: partOf(haircutSats, i) };
      const days = Math.floor(random.unit() * this.#size.days);
      return {
        txid: sampleTxid(random),
        vout: random.int(0, 2),
        ...(i % 8 !== 5 && { address: sampleAddress(random) }),
        heightOfTx: 671_000 + days * 144,
        timeSeconds: START_SECONDS + days * DAY_SECONDS,
        valueSats: amountByMethod.fifo + random.int(0, 90_000),
        amountByMethod,
        hops: i % 3 === 0 ? 0 : random.int(1, 9),
        isOwn: i % 3 === 0,
      };
    });
  }

  #makeFlow(
    payers: readonly Payer[],
    cashOuts: readonly CashOut[],
    received: bigint,
  ): Investigation['flow'] {
    const nodes = new Map<string, FlowNode>();
    const edges: FlowEdge[] = [];
    const node = (kind: FlowNode['kind'], key: string, label: string): string => {
      nodes.set(`${kind}:${key}`, { key: `${kind}:${key}`, kind, label });
      return `${kind}:${key}`;
    };
    const seeds = node(
      'seeds',
      'all',
      this.#size.seeds === 1 ? '1 seed' : `${this.#size.seeds} seeds`,
    );
    payers.forEach((payer, i) => {
      if (payer.kind === 'service') {
        const from = node('payer_service', payer.service!.key, payer.service!.name);
        edges.push({ from, to: seeds, totalSats: payer.totalSats, transactions: payer.payments });
        return;
      }
      if (payer.kind === 'coinjoin' || payer.kind === 'unknown') {
        const from = node(
          payer.kind === 'coinjoin' ? 'coinjoin' : 'other',
          payer.kind,
          payer.kind === 'coinjoin' ? 'CoinJoins' : 'unknown',
        );
        edges.push({ from, to: seeds, totalSats: payer.totalSats, transactions: payer.payments });
        return;
      }
      const to = node('payer_cluster', payer.key, `Payer P${i + 1}`);
      for (const { service, totalSats, payments } of payer.sources) {
        edges.push({
          from: node('payer_service', service.key, service.name),
          to,
          totalSats,
          transactions: payments,
        });
      }
      edges.push({ from: to, to: seeds, totalSats: payer.totalSats, transactions: payer.payments });
    });
    const between = node('intermediate', 'all', 'Unnamed addresses');
    let through = 0n;
    for (const cashOut of cashOuts) {
      const to = node('cashout', cashOut.service.key, cashOut.service.name);
      const direct = cashOut.hopsMin <= 1;
      edges.push({
        from: direct ? seeds : between,
        to,
        totalSats: cashOut.sumByMethod.fifo,
        transactions: cashOut.deposits.length,
      });
      if (!direct) through += cashOut.sumByMethod.fifo;
    }
    const mixed = this.#size.mixes > 0 ? received / 20n : 0n;
    if (mixed > 0n)
      edges.push({
        from: between,
        to: node('coinjoin', 'coinjoin', 'CoinJoins'),
        totalSats: mixed,
        transactions: this.#size.mixes,
      });
    if (through + mixed > 0n)
      edges.push({ from: seeds, to: between, totalSats: through + mixed, transactions: 9 });
    const paidOut = cashOuts.reduce((sum, { sumByMethod }) => sum + sumByMethod.fifo, mixed);
    edges.push({
      from: seeds,
      to: node('unspent', 'all', 'Not spent yet'),
      totalSats: received - paidOut,
      transactions: 5,
    });
    return { nodes: [...nodes.values()], edges };
  }

  #makeMixes(received: bigint): MixMet[] {
    const random = this.#random.fork('mixes');
    return Array.from({ length: this.#size.mixes }, (_, i) => ({
      txid: sampleTxid(random),
      rule: random.pick(['whirlpool', 'wasabi-2', 'joinmarket']),
      ruleVersion: 1,
      strength: random.pick(['strong', 'strong', 'possible'] as const),
      direction: i % 3 === 1 ? 'out' : 'in',
      height: 671_000 + i * 90,
      anonymitySet: random.int(5, 90),
      amountSats: received / BigInt(20 * this.#size.mixes) + BigInt(i),
    }));
  }

  #seedPlaces(): { seeds: SeedPlace[]; notSeen: SeedPlace[] } {
    const random = this.#random.fork('places');
    const place = (seed: string, line: number): SeedPlace => ({
      seed,
      kind: 'address',
      scripts: [line as ScriptId],
      outputs: [line as OutputIndex],
      lines: line % 50 === 3 ? [line, line + 1_000] : [line],
      source: random.pick(['hotline report', 'seized server', 'test purchase']),
      site: `site-${random.int(1, 40)}`,
      seenAt: '2021-02-10',
      ...(line % 9 === 2
        ? { note: 'Shown on the page where one pays; text only was recorded.' }
        : {}),
    });
    return {
      seeds: this.#seeds.map((seed, i) => place(seed, i + 2)),
      notSeen: this.#size.seeds > 10 ? [place(sampleAddress(random), this.#size.seeds + 2)] : [],
    };
  }

  #seedFile(): SeedFileFindings {
    const random = this.#random.fork('lines');
    const line = (i: number): number => this.#size.seeds + 10 + i;
    const reasons = [
      ['CLEW_ADDRESS_CHECKSUM', 'the checksum does not match: a character is wrong or missing'],
      ['CLEW_ADDRESS_NETWORK', 'an address of main, and this ledger is regtest'],
      ['CLEW_ADDRESS_FORMAT', 'no address, transaction id or output'],
    ] as const;
    return {
      name: 'seeds.csv',
      sha256: sha256Hex(this.#size.seed),
      rejected: Array.from({ length: this.#size.badLines }, (_, i) => {
        const [code, reason] = reasons[i % reasons.length]!;
        return { line: line(i), text: `${sampleAddress(random).slice(0, 40)}O0`, code, reason };
      }),
      otherChains: [
        {
          line: line(this.#size.badLines),
          text: `0x${bytesToHex(random.bytes(20))}`,
          chain: 'ETH',
        },
      ],
      duplicates: [{ line: line(this.#size.badLines + 1), firstLine: 2 }],
      warnings: [
        {
          code: 'CLEW_SEED_LINK',
          message: 'The site looked like a link and was replaced by a keyed digest.',
          facts: { line: 3 },
        },
      ],
    };
  }

  #derivation(): Derivation {
    return {
      clewVersion: '0.1.0',
      network: 'regtest',
      tip: {
        height: 840_000,
        hash: sha256Hex('tip'),
        timeSeconds: START_SECONDS + 1_000 * DAY_SECONDS,
      },
      runId: RUN,
      rules: [
        {
          id: 'co-spend',
          version: 1,
          what: 'Addresses spent in one transaction are under one control, unless it looks like a CoinJoin.',
        },
        {
          id: 'same-key',
          version: 1,
          what: 'Forms of address that one public key opens are under one control.',
        },
        {
          id: 'whirlpool',
          version: 1,
          what: 'Recognises Whirlpool CoinJoins by their equal amounts.',
        },
      ],
      parameters: { 'cluster.profile': 'conservative', 'coinjoin.sha256': sha256Hex('coinjoin') },
      tagPacks: [
        {
          name: 'Harbour Study 2020',
          creator: 'An invented collector',
          sha256: sha256Hex('Harbour Study 2020'),
          date: '2020-11-20',
          tags: 1_204,
        },
        {
          name: 'Open Tag Collection',
          creator: 'An invented collector',
          sha256: sha256Hex('Open Tag Collection'),
          tags: 88,
        },
      ],
      tagsDigest: sha256Hex('tags'),
    };
  }

  make(): ReportInput {
    const payments = this.#makePayments();
    const payers = this.#makePayers(payments);
    const received = payments.reduce((sum, { amountSats }) => sum + BigInt(amountSats), 0n);
    const cashOuts = this.#makeCashOuts(received);
    const paidOut = cashOuts.reduce((sum, { sumByMethod }) => sum + sumByMethod.fifo, 0n);
    const mixed = this.#size.mixes > 0 ? received / 20n : 0n;
    const bySeed = new Map<string, bigint>();
    for (const { toAddresses, amountSats } of payments) {
      bySeed.set(toAddresses[0]!, (bySeed.get(toAddresses[0]!) ?? 0n) + BigInt(amountSats));
    }
    const unspent = this.#makeUnspent(
      Number(received - paidOut - mixed),
      Number((received - paidOut - mixed) / 2n),
    );
    const clusters = this.#clusters
      .map((cluster) => ({
        ...cluster,
        receivedSats: [...cluster.seeds, ...cluster.furtherAddresses].reduce(
          (sum, text) => sum + (bySeed.get(text) ?? 0n),
          0n,
        ),
      }))
      .sort((a, b) => (a.receivedSats > b.receivedSats ? -1 : 1));
    const limits = { depth: 20, transactionsMax: 200_000, valueMinSats: 1_000 };
    const investigation: Investigation = {
      asOfHeight: 840_000,
      limits: {
        backward: limits,
        forward: { ...limits, toSeconds: START_SECONDS + 1_000 * DAY_SECONDS },
      },
      ...this.#seedPlaces(),
      clusters,
      receivedSats: received,
      spentSats: paidOut + mixed,
      balanceSats: received - paidOut - mixed,
      firstSeconds: payments[0]!.timeSeconds,
      lastSeconds: payments.at(-1)!.timeSeconds,
      ownTransfers: { transfers: 2, transferSats: 40_000n, withChange: 5, changeSats: 91_000n },
      payments,
      payers,
      cashOuts,
      forwardStops: [
        {
          reason: 'service',
          placesByMethod: samePlaces(
            cashOuts.reduce((sum, { deposits }) => sum + deposits.length, 0),
          ),
          sumByMethod: {
            fifo: paidOut,
            haircut: cashOuts.reduce((sum, { sumByMethod }) => sum + sumByMethod.haircut, 0n),
          },
        },
        {
          reason: 'coinjoin',
          placesByMethod: samePlaces(this.#size.mixes),
          sumByMethod: { fifo: mixed, haircut: mixed },
        },
        {
          reason: 'unspent',
          placesByMethod: samePlaces(unspent.length),
          sumByMethod: {
            fifo: received - paidOut - mixed,
            haircut: (received - paidOut - mixed) / 2n,
          },
        },
      ],
      unspent,
      mixes: this.#makeMixes(received),
      largeClusters:
        this.#size.seeds < 10
          ? []
          : [
              {
                clusterId: `${RUN}:${sampleAddress(this.#random)}`,
                addressCount: 41_200,
                direction: 'out',
                totalSats: received / 33n,
                outputs: 6,
              },
            ],
      flow: this.#makeFlow(payers, cashOuts, received),
      unresolved: [
        {
          what: 'Payments whose coins come from before the first block of this ledger: their payers can not be grouped, so each counts as one.',
          count: 7,
          totalSats: received / 90n,
        },
        {
          what: 'Transactions beyond the limit of steps: where this money went afterwards is not known.',
          count: 3,
        },
      ],
    };
    return {
      investigation,
      seedFile: this.#seedFile(),
      derivation: this.#derivation(),
      prices: this.#prices,
    };
  }
}

/**
 * An invented investigation of a size; the same size gives the same one.
 *
 * @example const report = buildReport(sampleInput(SMALL));
 */
export function sampleInput(size: SampleSize): ReportInput {
  return new SampleMaker(size).make();
}

/** An investigation whose seeds never received anything. */
export function emptyInput(): ReportInput {
  const input = sampleInput({ ...SMALL, seed: 'empty' });
  const { firstSeconds: _first, lastSeconds: _last, ...investigation } = input.investigation;
  return {
    ...input,
    investigation: {
      ...investigation,
      notSeen: investigation.seeds,
      seeds: [],
      clusters: [],
      receivedSats: 0n,
      spentSats: 0n,
      balanceSats: 0n,
      payments: [],
      payers: [],
      cashOuts: [],
      forwardStops: [],
      unspent: [],
      mixes: [],
      flow: { nodes: [], edges: [] },
      unresolved: [],
    },
  };
}
