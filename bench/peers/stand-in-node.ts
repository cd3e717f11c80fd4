/**
 * What electrs asks a Bitcoin Core node for (REST: `blockhashbyheight`, `headers`, `block`, `spenttxouts`,
 * `blockpart`; JSON-RPC: `getblockchaininfo` and a few more), answered from memory: no node takes simulated blocks.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChainWalk } from './chain-walk.ts';

const HEADER_BYTES = 80;

export interface ServedBlock {
  /** As people write it. */
  readonly hash: string;
  readonly bytes: Buffer;
}

export class StandInNode {
  readonly #blocks: readonly ServedBlock[];
  readonly #walk: ChainWalk;
  readonly #heights: Map<string, number>;
  readonly #server: Server;

  constructor(blocks: readonly ServedBlock[], walk: ChainWalk) {
    this.#blocks = blocks;
    this.#walk = walk;
    this.#heights = new Map(blocks.map((block, height) => [block.hash, height]));
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.keepAliveTimeout = 600_000;
  }

  /** @returns the port on the loopback address */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', () => {
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'POST') {
      this.#answerRpc(request, response);
      return;
    }
    const body = this.#rest(new URL(request.url ?? '/', 'http://localhost'));
    response.writeHead(body === undefined ? 404 : 200, { 'Content-Length': body?.length ?? 0 });
    response.end(body);
  }

  #rest(url: URL): Uint8Array | undefined {
    const [, , what, ...rest] = url.pathname.replace(/\.bin$/, '').split('/');
    if (what === 'blockhashbyheight') {
      const block = this.#blocks[Number(rest[0])];
      return block && Buffer.from(block.hash, 'hex').reverse();
    }
    const height = this.#heights.get(rest.at(-1) ?? '');
    if (height === undefined) return undefined;
    const { bytes } = this.#blocks[height]!;
    switch (what) {
      case 'headers': {
        const chosen = this.#blocks.slice(height, height + Number(rest[0]));
        return Buffer.concat(chosen.map((block) => block.bytes.subarray(0, HEADER_BYTES)));
      }
      case 'block':
        return bytes;
      case 'spenttxouts':
        return this.#walk.spentOutputs[height];
      case 'blockpart': {
        const offset = Number(url.searchParams.get('offset'));
        return bytes.subarray(offset, offset + Number(url.searchParams.get('size')));
      }
      default:
        return undefined;
    }
  }

  #answerRpc(request: IncomingMessage, response: ServerResponse): void {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const call = JSON.parse(Buffer.concat(parts).toString()) as { id: unknown; method: string };
      const body = JSON.stringify({ id: call.id, error: null, result: this.#rpc(call.method) });
      // electrs takes no answer in chunks.
      const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
      response.writeHead(200, headers);
      response.end(body);
    });
  }

  #rpc(method: string): unknown {
    const height = this.#blocks.length - 1;
    switch (method) {
      case 'getblockchaininfo':
        return { blocks: height, headers: height, initialblockdownload: false, pruned: false };
      case 'getnetworkinfo':
        return { relayfee: 0.00001 };
      case 'getmempoolinfo':
        return { loaded: true };
      case 'getrawmempool':
        return [];
      default:
        return null;
    }
  }
}
