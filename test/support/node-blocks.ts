/**
 * The best chain of a btcd node as bytes: kept by the test, so that a node that lost its last blocks when it was killed gets
 * them back.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BtcdNode } from './btcd-node.ts';
import { REGTEST_MAGIC } from './mined-blocks.ts';

export interface NodeBlock {
  readonly hash: string;
  readonly bytes: Uint8Array;
}

export class NodeBlocks {
  readonly #node: BtcdNode;
  #chain: NodeBlock[] = [];

  constructor(node: BtcdNode) {
    this.#node = node;
  }

  /** By height, as of the last `read`. */
  get chain(): readonly NodeBlock[] {
    return this.#chain;
  }

  /** Read what the node's best chain has now. */
  async read(): Promise<void> {
    const height = await this.#node.height();
    let kept = Math.min(this.#chain.length, height + 1);
    while (kept > 0 && (await this.#node.hashAt(kept - 1)) !== this.#chain[kept - 1]!.hash)
      kept -= 1;
    this.#chain.length = kept;
    for (let at = kept; at <= height; at += 1) {
      const hash = await this.#node.hashAt(at);
      const hex = await this.#node.call('getblock', hash, 0);
      this.#chain.push({ hash, bytes: new Uint8Array(Buffer.from(hex, 'hex')) });
    }
  }

  /** Give the node the blocks that it does not have any more; it may have come back on a branch that it had left. */
  async giveBack(): Promise<void> {
    let shared = Math.min(await this.#node.height(), this.#chain.length - 1);
    while ((await this.#node.hashAt(shared)) !== this.#chain[shared]!.hash) shared -= 1;
    for (const { bytes } of this.#chain.slice(shared + 1)) {
      await this.#node.call('submitblock', Buffer.from(bytes).toString('hex'));
    }
  }

  /** As a block file of Bitcoin Core in a folder that is made. */
  write(folder: string): void {
    mkdirSync(folder, { recursive: true });
    const parts = this.#chain.flatMap(({ bytes }) => {
      const frame = Buffer.alloc(8);
      frame.writeUInt32LE(REGTEST_MAGIC, 0);
      frame.writeUInt32LE(bytes.length, 4);
      return [frame, bytes];
    });
    writeFileSync(join(folder, 'blk00000.dat'), Buffer.concat(parts));
  }
}
