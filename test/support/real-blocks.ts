/** Real blocks for tests, read in place from the shared data. */
import { readdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { getNetwork, type Network } from '../../src/chain/network.ts';
import { sharedFile, sharedPath } from './shared-data.ts';

export interface RealBlock {
  /** File, and position in it, for messages. */
  readonly name: string;
  readonly network: Network;
  /** The block, beginning with its header. */
  readonly bytes: Uint8Array;
}

/** The blocks of a well-formed block file: magic, length, block. */
export function splitBlockFile(name: string, file: Buffer, network: Network): RealBlock[] {
  const blocks: RealBlock[] = [];
  for (let at = 0; at + 8 <= file.length; ) {
    const length = file.readUInt32LE(at + 4);
    const bytes = new Uint8Array(file.subarray(at + 8, at + 8 + length));
    blocks.push({ name: `${name}#${blocks.length}`, network, bytes });
    at += 8 + length;
  }
  return blocks;
}

/** The blocks of one file below `bitcoin/blocks`, or undefined after skipping the test loudly. */
export function realBlockFile(t: TestContext, path: string): RealBlock[] | undefined {
  const file = sharedFile(t, `bitcoin/blocks/${path}`);
  return file === undefined ? undefined : splitBlockFile(path, file, getNetwork('main'));
}

/** The single blocks: 17 of mainnet from 169,482 to 830,000, and 4 of testnet3. */
export function singleBlocks(t: TestContext): RealBlock[] | undefined {
  const folder = sharedPath(t, 'bitcoin/blocks/single');
  if (folder === undefined) return undefined;
  return readdirSync(folder)
    .sort()
    .map((name) => ({
      name,
      network: getNetwork(name.startsWith('mainnet') ? 'main' : 'testnet3'),
      bytes: new Uint8Array(sharedFile(t, `bitcoin/blocks/single/${name}`)!),
    }));
}

/** All real blocks: single, the first 600 of mainnet, and four of 2024. */
export function allRealBlocks(t: TestContext): RealBlock[] | undefined {
  const parts = [
    singleBlocks(t),
    realBlockFile(t, 'early/blk00000.dat'),
    realBlockFile(t, 'early/blk00001.dat'),
    realBlockFile(t, 'modern/blk00000.dat'),
  ];
  if (parts.some((part) => part === undefined)) return undefined;
  return parts.flatMap((part) => part!);
}
