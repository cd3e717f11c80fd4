/**
 * What a test needs of Bitcoin Core and btcd has not: a cookie file, REST, "warming up", pruned blocks; and a node that lies.
 * It speaks Core's JSON-RPC 2.0 over blocks that the test gives it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CoreBlock {
  readonly hash: string;
  readonly bytes: Uint8Array;
}

interface RpcQuestion {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

export class CoreNode {
  /** The best chain by height. */
  chain: readonly CoreBlock[];
  /** Blocks of other branches, which a node goes on keeping. */
  readonly stale = new Map<string, Uint8Array>();
  mempool = new Map<string, Uint8Array>();
  /** `user:password` that it wants; undefined lets everybody in. */
  cookie: string | undefined;
  isRestOn = false;
  isWarmingUp = false;
  isSyncing = false;
  /** Blocks below are gone. */
  pruneHeight = 0;
  /** Instead of the block that was asked for. */
  readonly lies = new Map<string, Uint8Array>();
  /** Whatever is to be answered instead. */
  answer: ((response: ServerResponse, request: IncomingMessage) => boolean) | undefined;
  /** Told before each RPC question is answered. */
  onQuestion: ((method: string) => void) | undefined;
  /** Questions by method, and paths of REST by their second part. */
  readonly asked = new Map<string, number>();
  readonly #server: Server;

  private constructor(chain: readonly CoreBlock[]) {
    this.chain = chain;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(chain: readonly CoreBlock[]): Promise<CoreNode> {
    const node = new CoreNode(chain);
    await node.listen();
    return node;
  }

  /** @param port the one that it had before, for a node that comes back */
  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}/`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #count(what: string): void {
    this.asked.set(what, (this.asked.get(what) ?? 0) + 1);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (this.answer?.(response, request)) return;
    if (request.url!.startsWith('/rest/')) {
      this.#rest(request.url!, response);
      return;
    }
    const wanted = this.cookie && `Basic ${Buffer.from(this.cookie).toString('base64')}`;
    if (wanted !== undefined && request.headers.authorization !== wanted) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="jsonrpc"' }).end();
      return;
    }
    const body = JSON.parse(Buffer.concat(parts).toString()) as RpcQuestion | RpcQuestion[];
    const answers = (Array.isArray(body) ? body : [body]).map((question) => this.#reply(question));
    const [first] = answers;
    const isError = !Array.isArray(body) && first!.error !== null;
    response.writeHead(isError ? 500 : 200, { 'Content-Type': 'application/json' });
    response.end(`${JSON.stringify(Array.isArray(body) ? answers : first)}\n`);
  }

  #reply({ id, method, params }: RpcQuestion) {
    this.#count(method);
    this.onQuestion?.(method);
    if (this.isWarmingUp) {
      return { result: null, error: { code: -28, message: 'Loading block index…' }, id };
    }
    const found = this.#find(method, params);
    if (typeof found === 'number') {
      return { result: null, error: { code: found, message: 'words of a stranger' }, id };
    }
    return { result: found, error: null, id };
  }

  /** The result, or the code of an error. */
  #find(method: string, params: readonly unknown[]): object | string | number {
    const [first] = params;
    const tip = this.chain.length - 1;
    switch (method) {
      case 'getblockchaininfo':
        return {
          chain: 'regtest',
          blocks: tip,
          headers: tip,
          bestblockhash: this.chain[tip]!.hash,
          initialblockdownload: this.isSyncing,
          pruned: this.pruneHeight > 0,
          ...(this.pruneHeight > 0 && { pruneheight: this.pruneHeight }),
        };
      case 'getblockhash':
        return this.chain[first as number]?.hash ?? -8;
      case 'getblockheader': {
        const block = this.#bytesOf(first as string);
        return block === undefined ? -5 : hex(block.subarray(0, 80));
      }
      case 'getblock': {
        const block = this.lies.get(first as string) ?? this.#bytesOf(first as string);
        if (block === undefined) return -5;
        return this.#isPruned(first as string) ? -1 : hex(block);
      }
      case 'getrawmempool':
        return [...this.mempool.keys()];
      case 'getrawtransaction': {
        const bytes = this.mempool.get(first as string);
        return bytes === undefined ? -5 : hex(bytes);
      }
      default:
        return -32601;
    }
  }

  #bytesOf(hash: string): Uint8Array | undefined {
    return this.chain.find((block) => block.hash === hash)?.bytes ?? this.stale.get(hash);
  }

  #isPruned(hash: string): boolean {
    const height = this.chain.findIndex((block) => block.hash === hash);
    return height >= 0 && height < this.pruneHeight;
  }

  #rest(path: string, response: ServerResponse): unknown {
    const [, , what, ...others] = path.split('/');
    this.#count(`rest/${what}`);
    const send = (body: Uint8Array | string | undefined): void => {
      response.writeHead(body === undefined ? 404 : 200).end(body);
    };
    if (!this.isRestOn) return send(undefined);
    if (what === 'chaininfo.json') {
      return send(JSON.stringify(this.#find('getblockchaininfo', [])));
    }
    if (what === 'block') {
      const hash = others[0]!.replace('.bin', '');
      const block = this.lies.get(hash) ?? this.#bytesOf(hash);
      return send(block === undefined || this.#isPruned(hash) ? undefined : block);
    }
    if (what === 'headers') {
      const [count, name] = others;
      const from = this.chain.findIndex(({ hash }) => name === `${hash}.bin`);
      const some = this.chain.slice(from, from + Number(count));
      return send(Buffer.concat(some.map(({ bytes }) => bytes.subarray(0, 80))));
    }
    return send(undefined);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
