/**
 * Writes rev files as Bitcoin Core does, for the tests of those who read them. Shares nothing with the reader: numbers are
 * BigInt, hashes and the curve are those of `node:crypto`.
 *
 * Source: Bitcoin Core `src/undo.h`, `src/compressor.cpp`, `src/serialize.h`, `src/node/blockstorage.cpp`.
 */
import { createHash, ECDH } from 'node:crypto';

/** An output that a transaction spends. */
export interface SpentCoin {
  readonly valueSats: number | bigint;
  readonly script: Uint8Array;
  /** 0 for "not known", as before Core 0.15. */
  readonly height: number;
  readonly isCoinbase: boolean;
}

/** The undo data of a block: for each transaction but the coinbase what its inputs spend. */
export interface BlockUndo {
  /** Hash of the block before, as people write it. */
  readonly prevHash: string;
  readonly transactions: readonly (readonly SpentCoin[])[];
}

export interface UndoFormat {
  /** What stands in the place of the version; Core writes 0 since 0.15. */
  readonly version?: number;
}

/** The wire's count. */
export function compactSize(count: number): Buffer {
  if (count < 253) return Buffer.from([count]);
  const wide = Buffer.alloc(count < 65_536 ? 3 : 5);
  wide[0] = count < 65_536 ? 0xfd : 0xfe;
  wide.writeUIntLE(count, 1, wide.length - 1);
  return wide;
}

/** Core's VARINT, from the last digit to the first. */
export function coreVarintBytes(number: number | bigint): Buffer {
  const digits: number[] = [];
  let rest = BigInt(number);
  for (;;) {
    digits.unshift(Number(rest & 0x7fn) | (digits.length > 0 ? 0x80 : 0));
    if (rest <= 0x7fn) return Buffer.from(digits);
    rest = (rest >> 7n) - 1n;
  }
}

/** The packed form of an amount. */
export function packAmount(sats: number | bigint): bigint {
  let rest = BigInt(sats);
  if (rest === 0n) return 0n;
  let exponent = 0n;
  while (rest % 10n === 0n && exponent < 9n) {
    rest /= 10n;
    exponent += 1n;
  }
  if (exponent === 9n) return 1n + (rest - 1n) * 10n + 9n;
  return 1n + ((rest / 10n) * 9n + (rest % 10n) - 1n) * 10n + exponent;
}

function isKeyOfCurve(key: Buffer): boolean {
  try {
    ECDH.convertKey(key, 'secp256k1', undefined, undefined, 'compressed');
    return true;
  } catch {
    return false;
  }
}

/** Code and bytes of a script. */
export function packScript(script: Uint8Array): Buffer {
  const hex = Buffer.from(script).toString('hex');
  const keyHash = /^76a914(.{40})88ac$/.exec(hex);
  if (keyHash) return Buffer.from(`00${keyHash[1]}`, 'hex');
  const scriptHash = /^a914(.{40})87$/.exec(hex);
  if (scriptHash) return Buffer.from(`01${scriptHash[1]}`, 'hex');
  const compressed = /^21(0[23].{64})ac$/.exec(hex);
  // Core looks at the first byte of a compressed key only.
  if (compressed) return Buffer.from(compressed[1]!, 'hex');
  const uncompressed = /^41(04(.{64}).{62}(..))ac$/.exec(hex);
  if (uncompressed && isKeyOfCurve(Buffer.from(uncompressed[1]!, 'hex'))) {
    const isOdd = Number.parseInt(uncompressed[3]!, 16) % 2 === 1;
    return Buffer.from(`${isOdd ? '05' : '04'}${uncompressed[2]}`, 'hex');
  }
  return Buffer.concat([coreVarintBytes(script.length + 6), script]);
}

function coinBytes(coin: SpentCoin, { version = 0 }: UndoFormat): Buffer {
  return Buffer.concat([
    coreVarintBytes(2 * coin.height + (coin.isCoinbase ? 1 : 0)),
    coin.height > 0 ? coreVarintBytes(version) : Buffer.alloc(0),
    coreVarintBytes(packAmount(coin.valueSats)),
    packScript(coin.script),
  ]);
}

/** Undo data without frame and checksum. */
export function undoData(undo: BlockUndo, format: UndoFormat = {}): Buffer {
  return Buffer.concat([
    compactSize(undo.transactions.length),
    ...undo.transactions.flatMap((coins) => [
      compactSize(coins.length),
      ...coins.map((coin) => coinBytes(coin, format)),
    ]),
  ]);
}

function doubleSha256(...parts: Uint8Array[]): Buffer {
  const once = createHash('sha256');
  for (const part of parts) once.update(part);
  return createHash('sha256').update(once.digest()).digest();
}

/** A record: magic, length, undo data, checksum. */
export function undoRecord(magicHex: string, undo: BlockUndo, format: UndoFormat = {}): Buffer {
  const data = undoData(undo, format);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  const prevHash = Buffer.from(undo.prevHash, 'hex').reverse();
  return Buffer.concat([Buffer.from(magicHex, 'hex'), length, data, doubleSha256(prevHash, data)]);
}

/** A file under its XOR key. */
export function scrambled(file: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.from(file.map((byte, at) => byte ^ key[at % key.length]!));
}
