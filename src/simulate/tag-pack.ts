/**
 * `tags.yaml`: what somebody has published about the services of the economy, as a GraphSense TagPack. It is
 * incomplete (some services have no tag, of the others only some addresses), and a few tags are wrong; these stand
 * in the truth as `wrong_tag` rows. The vendor has no tag: that would need a named person and a source.
 */
import type { SeededRandom } from '../bytes/seeded-random.ts';
import type { TruthSink } from './truth-writer.ts';
import type { Place, Watcher } from './wallet.ts';

/** Ids of the GraphSense concepts taxonomy. */
type Category =
  | 'exchange'
  | 'payment_processor'
  | 'gambling'
  | 'donation'
  | 'market'
  | 'mining_service'
  | 'mixing_service'
  | 'shop';

interface TaggedService {
  readonly label: string;
  readonly category: Category;
  readonly confidence: string;
  /** Share of its deposit addresses that somebody has tagged. */
  readonly depositShare: number;
}

/** Services that somebody has tagged; those not named here have no tag at all. */
const TAGGED: Readonly<Record<string, TaggedService>> = {
  'exchange-1': {
    label: 'Sim Exchange One',
    category: 'exchange',
    confidence: 'service_data',
    depositShare: 0.2,
  },
  'exchange-2': {
    label: 'Sim Exchange Two',
    category: 'exchange',
    confidence: 'manual_transaction',
    depositShare: 0.1,
  },
  'exchange-3': {
    label: 'Sim Exchange Three',
    category: 'exchange',
    confidence: 'forensic',
    depositShare: 0.05,
  },
  'exchange-4': {
    label: 'Sim Exchange Four',
    category: 'exchange',
    confidence: 'web_crawl',
    depositShare: 0.05,
  },
  'payment-processor-1': {
    label: 'Sim Pay',
    category: 'payment_processor',
    confidence: 'service_data',
    depositShare: 0.05,
  },
  'gambling-1': {
    label: 'Sim Dice',
    category: 'gambling',
    confidence: 'untrusted_transaction',
    depositShare: 0.1,
  },
  'charity-1': {
    label: 'Sim Relief',
    category: 'donation',
    confidence: 'web_crawl',
    depositShare: 0,
  },
  'market-1': {
    label: 'Sim Market',
    category: 'market',
    confidence: 'forensic',
    depositShare: 0.05,
  },
  'instant-exchange-1': {
    label: 'Sim Swap',
    category: 'exchange',
    confidence: 'untrusted_transaction',
    depositShare: 0.15,
  },
  'pool-1': {
    label: 'Sim Pool One',
    category: 'mining_service',
    confidence: 'ledger_immanent',
    depositShare: 0,
  },
  'pool-2': {
    label: 'Sim Pool Two',
    category: 'mining_service',
    confidence: 'ledger_immanent',
    depositShare: 0,
  },
  'mixing-service-1': {
    label: 'Sim Whirlpool coordinator',
    category: 'mixing_service',
    confidence: 'forensic',
    depositShare: 0,
  },
};

/** Most addresses that are kept of one service, whatever the size of the economy. */
const KEPT_MAX = 400;

interface Known {
  readonly address: string;
  readonly timeSeconds: number;
}

/** An even sample of a stream (Vitter's algorithm R). */
class Sample {
  readonly kept: Known[] = [];
  readonly #max: number;
  readonly #random: SeededRandom;
  #seen = 0;

  constructor(max: number, random: SeededRandom) {
    this.#max = max;
    this.#random = random;
  }

  add(known: Known): void {
    this.#seen += 1;
    if (this.kept.length < this.#max) {
      this.kept.push(known);
      return;
    }
    const at = this.#random.int(0, this.#seen - 1);
    if (at < this.#max) this.kept[at] = known;
  }
}

class ServiceTags implements Watcher {
  readonly service: TaggedService;
  /** Hot, cold, payout and donation addresses. */
  readonly open: Sample;
  readonly deposits: Sample;
  readonly #random: SeededRandom;

  constructor(service: TaggedService, random: SeededRandom) {
    this.service = service;
    this.open = new Sample(40, random);
    this.deposits = new Sample(KEPT_MAX, random);
    this.#random = random;
  }

  placeSeen(place: Place, address: string | undefined, timeSeconds: number): void {
    if (address === undefined || place.site !== undefined) return;
    const isDeposit =
      place.role === 'deposit' || place.role === 'invoice' || place.role === 'escrow';
    if (!isDeposit) {
      if (this.#random.chance(0.7)) this.open.add({ address, timeSeconds });
    } else if (this.#random.chance(this.service.depositShare)) {
      this.deposits.add({ address, timeSeconds });
    }
  }
}

interface Tag {
  readonly address: string;
  readonly label: string;
  readonly category: string;
  readonly confidence: string;
  readonly timeSeconds: number;
}

/** Collects addresses of tagged services while they appear, and writes the pack at the end. */
export class TagCollector {
  readonly #random: SeededRandom;
  readonly #services = new Map<string, ServiceTags>();
  /** Some addresses of people and of untagged services, to be tagged wrongly. */
  readonly #strangers: Sample;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#strangers = new Sample(60, random);
  }

  /** Who watches the addresses of that actor, if anybody does. */
  watch(id: string): Watcher | undefined {
    const service = TAGGED[id];
    if (service === undefined) return undefined;
    const known = this.#services.get(id);
    if (known !== undefined) return known;
    const tags = new ServiceTags(service, this.#random);
    this.#services.set(id, tags);
    return tags;
  }

  /** Somebody who takes a few addresses of others for those of a service. */
  strangers(): Watcher {
    return {
      placeSeen: (_place, address, timeSeconds) => {
        if (address !== undefined) this.#strangers.add({ address, timeSeconds });
      },
    };
  }

  #rightTags(): Tag[] {
    const tags: Tag[] = [];
    for (const { service, open, deposits } of this.#services.values()) {
      for (const known of [...open.kept, ...deposits.kept]) tags.push({ ...service, ...known });
    }
    return tags;
  }

  /** Two tags of a hundred, but at least three, name the wrong service. */
  #wrongTags(rightTags: number): Tag[] {
    const wanted = Math.max(3, Math.round(rightTags * 0.02));
    const services = Object.values(TAGGED);
    return this.#random
      .shuffle(this.#strangers.kept)
      .slice(0, wanted)
      .map((known) => ({ ...this.#random.pick(services), confidence: 'heuristic', ...known }));
  }

  /**
   * The TagPack. Wrong tags go into the truth as well.
   *
   * @param lastSeconds time of the last block: no tag is younger
   */
  toYaml(truth: TruthSink, lastSeconds: number): { yaml: string; tags: number; wrongTags: number } {
    const right = this.#rightTags();
    const wrong = this.#wrongTags(right.length);
    for (const tag of wrong) {
      truth.row(
        `{"row":"wrong_tag","address":"${tag.address}","label":"${tag.label}","category":"${tag.category}"}`,
      );
    }
    const tags = [...right, ...wrong].sort((a, b) => (a.address < b.address ? -1 : 1));
    const lines = [
      'title: Simulated economy',
      'creator: clew simulate',
      'description: Invented services of a simulated economy; incomplete, and some tags are wrong on purpose',
      'currency: BTC',
      'network: BTC',
      'source: clew simulate',
      'is_cluster_definer: false',
      'tags:',
    ];
    for (const tag of tags) {
      const day = new Date(Math.min(lastSeconds, tag.timeSeconds + 5 * 86_400) * 1000)
        .toISOString()
        .slice(0, 10);
      lines.push(
        `- address: ${tag.address}`,
        `  label: ${tag.label}`,
        `  category: ${tag.category}`,
        `  confidence: ${tag.confidence}`,
        `  lastmod: ${day}`,
      );
    }
    return { yaml: `${lines.join('\n')}\n`, tags: tags.length, wrongTags: wrong.length };
  }
}
