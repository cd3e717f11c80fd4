/** Writes the rev files of a folder of block files, as the node that wrote them would have; by the slow reader of the tests. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBlock, type SlowBlock } from './slow-chain.ts';
import { type BlockUndo, type SpentCoin, scrambled, undoRecord } from './undo-writer.ts';

export interface UndoChainOptions {
  /** Blocks of which no record is written, by hash. */
  readonly without?: ReadonlySet<string>;
  /** Puts the records of a file in another order. */
  readonly order?: <T>(records: readonly T[]) => T[];
}

/** The blocks of a plain or scrambled block file, in its order. */
function blocksOf(file: Buffer, magic: number): SlowBlock[] {
  const blocks: SlowBlock[] = [];
  for (let at = 0; at + 8 <= file.length && file.readUInt32LE(at) === magic; ) {
    const end = at + 8 + file.readUInt32LE(at + 4);
    blocks.push(readBlock(file.subarray(at + 8, end)));
    at = end;
  }
  return blocks;
}

/** What each block spent, in an order in which parents come first. */
function undoOf(blocks: readonly SlowBlock[]): Map<SlowBlock, BlockUndo> {
  const heights = new Map<string, number>();
  const coins = new Map<string, SpentCoin>();
  const undo = new Map<SlowBlock, BlockUndo>();
  for (const block of blocks) {
    const height = (heights.get(block.previousHash) ?? -1) + 1;
    heights.set(block.hash, height);
    const transactions: SpentCoin[][] = [];
    for (const [position, tx] of block.transactions.entries()) {
      const isCoinbase = position === 0;
      if (!isCoinbase) {
        const spent = tx.inputs.map(({ txid, vout }) => coins.get(`${txid}:${vout}`));
        if (spent.some((coin) => coin === undefined)) throw new Error(`${tx.txid}: no prevout`);
        transactions.push(spent as SpentCoin[]);
      }
      for (const [vout, { sats, script }] of tx.outputs.entries()) {
        coins.set(`${tx.txid}:${vout}`, { valueSats: sats, script, height, isCoinbase });
      }
    }
    undo.set(block, { prevHash: block.previousHash, transactions });
  }
  return undo;
}

/**
 * Write `revNNNNN.dat` beside each `blkNNNNN.dat` of a chain that is whole from its genesis block on.
 *
 * @returns the blocks of each file, by the name of the rev file
 */
export function writeUndoFiles(
  folder: string,
  magic: number,
  { without = new Set(), order = (records) => [...records] }: UndoChainOptions = {},
): Map<string, SlowBlock[]> {
  const names = readdirSync(folder);
  const key = names.includes('xor.dat') ? readFileSync(join(folder, 'xor.dat')) : undefined;
  const byFile = new Map<string, SlowBlock[]>();
  for (const name of names.filter((each) => /^blk\d+\.dat$/.test(each)).sort()) {
    const bytes = readFileSync(join(folder, name));
    const plain = key === undefined ? bytes : scrambled(bytes, key);
    byFile.set(name.replace('blk', 'rev'), blocksOf(plain, magic));
  }
  const undo = undoOf([...byFile.values()].flat());
  const magicBytes = Buffer.alloc(4);
  magicBytes.writeUInt32LE(magic);
  for (const [name, blocks] of byFile) {
    // The genesis block spends nothing, and Core writes no record for it.
    const connected = blocks.filter(({ hash, previousHash }) => {
      return !without.has(hash) && previousHash !== '00'.repeat(32);
    });
    const records = order(connected).map((block) =>
      undoRecord(magicBytes.toString('hex'), undo.get(block)!),
    );
    const bytes = Buffer.concat(records);
    writeFileSync(join(folder, name), key === undefined ? bytes : scrambled(bytes, key));
  }
  return byFile;
}
