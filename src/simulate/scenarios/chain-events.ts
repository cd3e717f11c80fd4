/** Scenarios of the chain itself: a coinbase id that occurs twice, and a reorganisation. */

import { sha256d } from '../../bytes/hash.ts';
import { hashToDisplay } from '../../bytes/hex.ts';
import { MAKES } from '../wallet.ts';
import type { ScenarioBuilder } from './scenario-builder.ts';

/** Two blocks of version 1 whose coinbases are the same bytes (as heights 91,722 and 91,880 on mainnet). */
export function duplicateCoinbase(build: ScenarioBuilder): void {
  const place = {
    ...build.wallet('twice-paid', MAKES.legacy).freshPlace('coinbase'),
    keeper: undefined,
  };
  const mark = new Uint8Array(12).fill(0x2a);
  const first = build.mine({ version: 1, mark, place });
  build.mine();
  const second = build.mine({ version: 1, mark, place });
  const coinbase = (bytes: Uint8Array): string => hashToDisplay(sha256d(bytes.subarray(81)));
  build.name(
    'duplicateCoinbase',
    [coinbase(first.bytes), coinbase(second.bytes)],
    [place],
    `The coinbases of blocks ${first.height} and ${second.height} are the same transaction; the first output is overwritten and never spent.`,
  );
}

/**
 * Two blocks are replaced by three. The stale ones hold a payment that is made to somebody else in the
 * better branch, and one that comes again unchanged.
 */
export function reorganisation(build: ScenarioBuilder): void {
  const spender = build.wallet('double-spender', MAKES.legacy);
  const steady = build.wallet('steady-payer');
  const [contested] = build.fund(spender, [5_000_000]);
  build.fund(steady, [3_000_000]);
  build.mine();
  const coin = spender.purse.first;
  const saved = {
    txid: build.pool.txids.slice(32 * coin, 32 * coin + 32),
    vout: build.pool.vouts[coin]!,
  };
  const nowhere = (owner: string) => ({
    ...build.wallet(owner).freshPlace('receive'),
    keeper: undefined,
  });
  const lost = nowhere('loser');
  const kept = nowhere('steady-payee');
  const orphanReward = { ...build.miner.freshPlace('coinbase'), keeper: undefined };
  const undone = build.sweep(spender, lost, 'payment');
  const again = build.capture(() => void build.sweep(steady, kept, 'payment'));
  build.mine({ place: orphanReward });
  build.mine({ place: orphanReward });
  build.abandon(2);
  // The contested coin is unspent again.
  spender.receive(
    build.pool.add(saved.txid, saved.vout, 5_000_000, contested!.form, contested!.key, 0),
  );
  const winner = nowhere('winner');
  const done = build.sweep(spender, winner, 'payment');
  build.mine();
  build.repeat(again);
  build.mine();
  build.mine();
  build.name(
    'reorganisation',
    [undone, done, hashToDisplay(again.txid)],
    [contested!, lost, winner, kept],
    'The first transaction is in a stale block only; the second spends the same coin in the best chain; the third is in both. Addresses: the contested coin, the payees of the three.',
  );
}
