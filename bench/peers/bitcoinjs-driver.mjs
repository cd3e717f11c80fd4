/**
 * Drives bitcoinjs-lib over a node's folder: every block decoded, every transaction hashed, Merkle root checked.
 * It reads no files itself, so the records are cut here. Prints what it counted as one line of JSON.
 *
 * usage: node bitcoinjs-driver.mjs MODULE FOLDER HEIGHT_END
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { Block } = await import(pathToFileURL(process.argv[2]).href);
const blocksFolder = join(process.argv[3], 'blocks');
const end = Number(process.argv[4]);
const counts = { blocks: 0, transactions: 0, outputs: 0 };
const names = readdirSync(blocksFolder).filter((name) => /^blk\d+\.dat$/.test(name));
for (const name of names.sort()) {
  const bytes = readFileSync(join(blocksFolder, name));
  for (let at = 0; at < bytes.length && counts.blocks < end; ) {
    const size = bytes.readUInt32LE(at + 4);
    const block = Block.fromBuffer(bytes.subarray(at + 8, at + 8 + size));
    if (!block.checkTxRoots())
      throw new Error(`the Merkle root of block ${counts.blocks} is wrong`);
    counts.blocks += 1;
    counts.transactions += block.transactions.length;
    for (const transaction of block.transactions) counts.outputs += transaction.outs.length;
    at += 8 + size;
  }
}
process.stdout.write(`${JSON.stringify(counts)}\n`);
