/** Damaged blocks of all coins: refused with a code, never crashed over; columns and objects agree about what can be read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashToDisplay } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { ClewError } from '../errors.ts';
import { COIN_SCENARIOS, coinScenario } from '../simulate/coin-scenario.ts';
import { auxpowFault, hasAuxpow } from './auxpow.ts';
import { BlockColumns, readBlockColumns } from './block-columns.hot.ts';
import { parseBlock } from './transaction.ts';
import { isCanonicalOrder, orderAsRows } from './transaction-order.hot.ts';

const ROUNDS = 1500;
const CODES = ['CLEW_BLOCK_DAMAGED', 'CLEW_LEDGER_LIMIT', 'CLEW_TX_FORMAT'];

/** What a reading gives, or the code of its refusal. */
function outcome<T>(read: () => T, place: string): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof ClewError && CODES.includes(error.code), `${place}: ${error}`);
    return undefined;
  }
}

for (const name of COIN_SCENARIOS) {
  test(`${name}: damaged blocks (seeded)`, () => {
    const { blocks, network } = coinScenario(name);
    const random = seededRandom(`fuzz ${name}`);
    const columns = new BlockColumns();
    let readable = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const place = `replay ${name} with round ${round}`;
      const { bytes: whole, height } = random.pick(blocks);
      let bytes = Uint8Array.from(whole);
      const changes = random.int(0, 3);
      for (let i = 0; i < changes; i += 1) {
        const at = random.int(80, bytes.length - 1);
        bytes[at] =
          random.int(0, 3) === 0 ? random.pick([0, 0xfd, 0xfe, 0xff]) : random.int(0, 255);
      }
      if (random.int(0, 4) === 0) bytes = bytes.slice(0, random.int(1, bytes.length));
      const read = outcome(() => {
        readBlockColumns(bytes, network, columns);
        return true;
      }, place);
      const objects = outcome(() => parseBlock(bytes, network), place);
      assert.equal(read !== undefined, objects !== undefined, `${place}: only one can be read`);
      if (hasAuxpow(bytes, network)) outcome(() => auxpowFault(bytes, network), place);
      if (objects === undefined) continue;
      readable += 1;
      assert.equal(columns.txCount, objects.transactions.length, place);
      for (const [i, tx] of objects.transactions.entries()) {
        const id = columns.txids.subarray(32 * i, 32 * i + 32);
        assert.equal(hashToDisplay(id), tx.txid, place);
      }
      if (isCanonicalOrder(height, network)) orderAsRows(bytes, columns);
    }
    assert.ok(readable > ROUNDS / 10, `${readable}`);
  });
}
