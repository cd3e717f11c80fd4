/**
 * The distinct scripts of one transaction, filled again and again without being emptied.
 *
 *   slot: script | the round in which it was put there; another round means free
 *
 * Up to a few scripts a look at each is quicker than a hash; beyond, open addressing, at most half full. It takes
 * the place of a mark per script of the whole ledger: 16 bytes for each of 1.5 billion, and a cache miss each.
 */
const LINEAR_MAX = 8;
/** Fibonacci hashing: the golden ratio as a fraction of 2^32. */
const GOLDEN = 0x9e37_79b1;

export class ScriptSet {
  #scripts = new Uint32Array(64);
  #rounds = new Uint32Array(64);
  #round = 0;
  #shift = 26;
  #isLinear = true;
  /** Distinct scripts added in this round. */
  size = 0;

  /** Forget everything and make room for that many scripts. */
  start(scriptsMax: number): void {
    this.size = 0;
    this.#isLinear = scriptsMax <= LINEAR_MAX;
    if (this.#isLinear) return;
    if (2 * scriptsMax > this.#scripts.length) this.#grow(2 * scriptsMax);
    this.#round += 1;
    if (this.#round <= 0xffff_ffff) return;
    this.#rounds.fill(0);
    this.#round = 1;
  }

  #grow(slotsMin: number): void {
    let slots = this.#scripts.length;
    while (slots < slotsMin) {
      slots *= 2;
      this.#shift -= 1;
    }
    this.#scripts = new Uint32Array(slots);
    this.#rounds = new Uint32Array(slots);
    this.#round = 0;
  }

  /** Add a script; false when it was there. */
  add(script: number): boolean {
    const scripts = this.#scripts;
    if (this.#isLinear) {
      for (let at = 0; at < this.size; at += 1) if (scripts[at] === script) return false;
      scripts[this.size] = script;
      this.size += 1;
      return true;
    }
    const rounds = this.#rounds;
    const mask = scripts.length - 1;
    let slot = Math.imul(script, GOLDEN) >>> this.#shift;
    while (rounds[slot] === this.#round) {
      if (scripts[slot] === script) return false;
      slot = (slot + 1) & mask;
    }
    scripts[slot] = script;
    rounds[slot] = this.#round;
    this.size += 1;
    return true;
  }
}
