/**
 * `seeds.csv`: what a hotline may know of the vendor: about half of the addresses that its pages showed, with
 * where and when each was seen, and the flaws that such lists have.
 */
import { base58 } from '@scure/base';
import { sha256d } from '../bytes/hash.ts';
import type { SeededRandom } from '../bytes/seeded-random.ts';
import { formatTime } from '../units/time.ts';
import type { Place, Watcher } from './wallet.ts';

interface Sighting {
  readonly address: string;
  readonly site: string;
  readonly seenSeconds: number;
}

/** Share of the vendor's addresses that are known. */
const KNOWN_SHARE = 0.5;
const SOURCES = ['hotline-a', 'hotline-b', 'referral'];

/** A Tron address over random bytes: valid, and no one's. */
function foreignAddress(random: SeededRandom): string {
  const bytes = new Uint8Array(25);
  bytes[0] = 0x41;
  bytes.set(random.bytes(20), 1);
  bytes.set(sha256d(bytes.subarray(0, 21)).subarray(0, 4), 21);
  return base58.encode(bytes);
}

/** The address with one of its last characters changed, so that the checksum fails. */
function broken(address: string): string {
  const at = address.length - 3;
  return `${address.slice(0, at)}${address[at] === 'q' ? 'p' : 'q'}${address.slice(at + 1)}`;
}

/** Collects what becomes known while the vendor is paid. */
export class SeedList implements Watcher {
  readonly #random: SeededRandom;
  readonly #sightings: Sighting[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Addresses known so far. */
  get length(): number {
    return this.#sightings.length;
  }

  placeSeen(place: Place, address: string | undefined, timeSeconds: number): void {
    if (address === undefined || place.site === undefined) return;
    // An account at an exchange is shown again and again, so it is always known.
    const isKnown = this.#random.chance(KNOWN_SHARE) || place.role === 'deposit';
    if (!isKnown || (place.role !== 'receive' && place.role !== 'deposit')) return;
    const seenSeconds = timeSeconds + this.#random.int(0, 20 * 86_400);
    this.#sightings.push({ address, site: place.site, seenSeconds });
  }

  /** The file: header `address,source,site,seen_at,note`, in the order in which addresses were seen. */
  toCsv(): string {
    const random = this.#random;
    const rows = this.#sightings
      .slice()
      .sort((a, b) => a.seenSeconds - b.seenSeconds || (a.address < b.address ? -1 : 1))
      .map((each) => this.#row(each.address, each.site, each.seenSeconds, 'payment page'));
    const last = this.#sightings.at(-1);
    if (last !== undefined) {
      const twice = random.pick(this.#sightings);
      rows.push(this.#row(twice.address, twice.site, last.seenSeconds, 'reported again'));
      rows.push(
        this.#row(broken(last.address), last.site, last.seenSeconds, 'typed from a picture'),
      );
      rows.push(
        this.#row(
          foreignAddress(random),
          last.site,
          last.seenSeconds,
          'second currency on the page',
        ),
      );
    }
    return `address,source,site,seen_at,note\n${rows.map((row) => `${row}\n`).join('')}`;
  }

  #row(address: string, site: string, seenSeconds: number, note: string): string {
    return [address, this.#random.pick(SOURCES), site, formatTime(seenSeconds), note].join(',');
  }
}
