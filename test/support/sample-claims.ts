/** Invented services, tags, addresses and prices for the samples of the report; see `sample-investigation.ts`. */
import type { CategoryId } from '../../src/attribution/category.ts';
import { getCategory } from '../../src/attribution/category.ts';
import { type ConfidenceId, getConfidence } from '../../src/attribution/confidence.ts';
import type { ServiceClaim } from '../../src/attribution/match.ts';
import type { Tag } from '../../src/attribution/tag.ts';
import { sha256Hex } from '../../src/bytes/hash.ts';
import { bytesToHex } from '../../src/bytes/hex.ts';
import { type SeededRandom, seededRandom } from '../../src/bytes/seeded-random.ts';
import type { Address, Txid } from '../../src/units/ids.ts';

/** When the samples begin. */
export const START_SECONDS = Date.UTC(2021, 1, 3) / 1000;
export const DAY_SECONDS = 86_400;
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

const FIRST_NAMES = [
  'Alder',
  'Birch',
  'Cobalt',
  'Dune',
  'Ember',
  'Fjord',
  'Garnet',
  'Heron',
  'Islet',
  'Juniper',
];
const LAST_NAMES: readonly (readonly [name: string, category: CategoryId])[] = [
  ['Exchange', 'exchange'],
  ['Kiosks', 'atm'],
  ['Wallet', 'hosted_wallet'],
  ['Pay', 'payment_processor'],
  ['Swap', 'instant_exchange'],
  ['Casino and Sports Betting International', 'gambling'],
  ['Market', 'market'],
  ['Pool', 'mining_pool'],
];

/** Random text of the form of a regtest address. */
export function sampleAddress(random: SeededRandom): Address {
  let text = 'bcrt1q';
  for (let i = 0; i < 38; i += 1) text += random.pick([...BECH32]);
  return text as Address;
}

export function sampleTxid(random: SeededRandom): Txid {
  return bytesToHex(random.bytes(32)) as Txid;
}

interface SaidTag {
  readonly label: string;
  readonly category: CategoryId;
  readonly confidence: ConfidenceId;
  readonly actor?: string;
}

/** A tag as an invented source makes it. */
export function sampleTag(random: SeededRandom, said: SaidTag): Tag {
  const pack = random.pick([
    'Harbour Study 2020',
    'Open Tag Collection',
    'Court exhibits, volume 4',
  ]);
  return {
    ...said,
    source: random.pick([
      'https://tags.example/list/7',
      'deposit made by the collector',
      'annex B, page 12',
    ]),
    sourcePack: {
      title: pack,
      creator: 'An invented collector',
      fileName: `${pack}.yaml`,
      sha256: sha256Hex(pack),
      recordedAtSeconds: START_SECONDS,
    },
    confidenceLevel: getConfidence(said.confidence).level,
    concepts: [said.category],
    lastmodDay: random.pick(['2019-07-03', '2020-11-20', '2021-01-15']),
    clusterDefiner: true,
    status: 'active',
    network: 'regtest',
    saidAbout: 'address',
    address: sampleAddress(random),
    recordedAtSeconds: START_SECONDS,
  };
}

/** A service as sources name it. */
export function sampleClaim(
  random: SeededRandom,
  name: string,
  category: CategoryId,
  disputed = false,
): ServiceClaim {
  const tags = [
    sampleTag(random, { label: name, category, confidence: 'service_data', actor: name }),
  ];
  if (random.chance(0.4))
    tags.push(
      sampleTag(random, {
        label: `${name} hot wallet`,
        category,
        confidence: 'web_crawl',
        actor: name,
      }),
    );
  const other = 'Lagoon Trading';
  if (disputed)
    tags.push(
      sampleTag(random, {
        label: other,
        category: 'exchange',
        confidence: 'heuristic',
        actor: other,
      }),
    );
  const base = {
    name,
    key: name.toLowerCase(),
    category,
    namesCustomers: getCategory(category).namesCustomers,
    confidenceLevel: 50,
    addressCount: random.int(1, 400),
  };
  return {
    ...base,
    tags,
    conflicting: disputed,
    others: disputed
      ? [
          {
            ...base,
            name: other,
            key: other.toLowerCase(),
            category: 'exchange',
            confidenceLevel: 10,
            addressCount: 1,
          },
        ]
      : [],
    basis: 'cluster',
  };
}

export function sampleServices(random: SeededRandom, count: number): ServiceClaim[] {
  return Array.from({ length: count }, (_, i) => {
    const [kind, category] = LAST_NAMES[i % LAST_NAMES.length]!;
    const first = FIRST_NAMES[(i + Math.floor(i / LAST_NAMES.length)) % FIRST_NAMES.length]!;
    return sampleClaim(random, `${first} ${kind}`, category, i % 7 === 3);
  });
}

/** Daily prices over the time of the samples, with two days missing, as a price file. */
export function samplePricesCsv(days = 1_000): string {
  const random = seededRandom('prices');
  let price = 31_000;
  let csv = 'date,USD,EUR\n';
  for (let i = -2; i < days; i += 1) {
    price *= 1 + random.normal(0, 0.02);
    const day = new Date((START_SECONDS + i * DAY_SECONDS) * 1000).toISOString().slice(0, 10);
    if (i % 97 === 11) continue;
    csv += `${day},${price.toFixed(2)},${(price * 0.84).toFixed(2)}\n`;
  }
  return csv;
}
