/**
 * Dash: blocks named by X11, coinbases and other transactions with a type and a payload (DIP 2, 3, 4, 6, 27), some of them
 * without inputs or outputs.
 */
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { seededRandom } from '../../bytes/seeded-random.ts';
import { NETWORKS } from '../../chain/network.ts';
import { opReturnScript } from '../../chain/script.ts';
import type { TransactionParts } from '../../chain/transaction.ts';
import type { Sats } from '../../units/amount.ts';
import { type BlockOptions, CoinChain } from '../coin-chain.ts';

const COIN = 100_000_000;
/** Version 3 in the lower half, the type in the upper. */
const versionOf = (type: number): number => type * 0x1_0000 + 3;
const TYPE = { registration: 1, coinbase: 5, commitment: 6, assetLock: 8, assetUnlock: 9 };

const noise = (seed: string, bytes: number): Uint8Array =>
  seededRandom(`dash-special ${seed}`).bytes(bytes);

/** Coinbases name their height and two lists of masternodes (DIP 4). */
function coinbase(chain: CoinChain): Pick<BlockOptions, 'coinbase'> {
  const { height } = chain;
  const extraPayload = new ByteWriter(80)
    .u16(2)
    .u32(height)
    .bytes(noise(`nodes ${height}`, 32))
    .bytes(noise(`quorums ${height}`, 32))
    .finish();
  return { coinbase: { version: versionOf(TYPE.coinbase), extraPayload } };
}

/** A transaction without inputs and outputs: masternodes write down what a quorum agreed on (DIP 6). */
function commitment(chain: CoinChain): TransactionParts {
  const extraPayload = new ByteWriter(512)
    .u16(1)
    .u32(chain.height)
    .bytes(noise(`commitment ${chain.height}`, 320))
    .finish();
  const version = versionOf(TYPE.commitment);
  return { version, locktime: 0, inputs: [], outputs: [], extraPayload };
}

/** @param branch what differs after the fork, for a reorganisation */
export function dashSpecial(branch: 'best' | 'stale' = 'best'): CoinChain {
  const chain = new CoinChain(NETWORKS['dash-regtest']);
  for (const miner of ['ana', 'ben']) chain.mine(miner);
  const mine = (miner: string): unknown => chain.mine(miner, coinbase(chain));
  const paid = chain.pay(['ana'], [['site', 7 * COIN]]);
  mine('ben');
  chain.name('payment', [paid], ['site'], 'A payment like any other.');

  // A masternode is registered: an ordinary payment with a payload, which is part of its id.
  const [coin] = chain.coinsOf('site');
  const locked = chain.pay(['ben'], [['collateral', 10 * COIN]]);
  const plain = chain.add(commitment(chain), [], 0);
  mine('ana');
  chain.name('commitment', [plain, locked], ['collateral'], 'A transaction without inputs.');

  const registered = chain.pay(['collateral'], [['node', 9.9 * COIN]], 'collateral', {
    version: versionOf(TYPE.registration),
    extraPayload: noise('registration', 310),
  });
  mine('ben');
  chain.name('registration', [registered], ['collateral', 'node'], 'A payment with a payload.');

  // Coins leave the chain for the credit pool and come back without inputs.
  const credit = new ByteWriter(64)
    .u8(1)
    .u8(1)
    .u64(3 * COIN);
  const pool = { script: opReturnScript(new Uint8Array(0)) };
  const lock = chain.pay(['site'], [[pool, 3 * COIN]], 'site', {
    version: versionOf(TYPE.assetLock),
    extraPayload: credit.varbytes(chain.scriptOf('credit').script).finish(),
  });
  mine('ana');
  const unlockPayload = new ByteWriter(200)
    .u8(1)
    .u64(1)
    .u32(500)
    .u32(chain.height)
    .bytes(noise('unlock', 32 + 96))
    .finish();
  const unlock = chain.add(
    {
      version: versionOf(TYPE.assetUnlock),
      locktime: 0,
      inputs: [],
      outputs: [{ valueSats: (2 * COIN) as Sats, ...chain.scriptOf('credit') }],
      extraPayload: unlockPayload,
    },
    [['credit', 2 * COIN]],
    0,
  );
  mine('ben');
  const spent = chain.pay(['credit'], [['exchange', 1.5 * COIN]]);
  if (branch === 'best') chain.add(commitment(chain), [], 0);
  mine(branch === 'best' ? 'ana' : 'ben');
  if (branch === 'best') mine('ben');
  chain.name(
    'creditPool',
    [lock, unlock, spent],
    ['site', 'credit', 'exchange'],
    `${coin!.valueSats} went in; what comes out has no inputs.`,
  );
  return chain;
}
