/**
 * A Bitcoin node over JSON-RPC (Bitcoin Core, btcd and their kin), and over REST where it is on.
 *
 * Only methods that both Bitcoin Core and btcd have are used. Answers are parsed strictly: an answer that is not what was
 * asked for is an error, never a guess. Whether a block is the one that was asked for is for the caller to check; nothing
 * that a node writes gets into a message.
 */
import { hashToDisplay, isHex } from '../bytes/hex.ts';
import { HEADER_BYTES } from '../chain/block-columns.hot.ts';
import { blockHash } from '../chain/header.ts';
import { NETWORKS, type Network } from '../chain/network.ts';
import { checkProofOfWork } from '../chain/proof-of-work.ts';
import { ClewError } from '../errors.ts';
import { HttpClient, type HttpClientOptions } from '../net/http-client.ts';

export interface NodeClientOptions {
  /** Without user and password. */
  readonly url: URL;
  /** See `nodeAuthorization`. */
  readonly authorization?: () => string | undefined;
  /** A certificate to trust beside the usual ones. */
  readonly caFile?: string | undefined;
  /** How often a request is repeated by itself before the caller hears of it. */
  readonly retries?: number;
  /** For one request, its answer included. */
  readonly timeoutMs?: number;
  readonly http?: Partial<HttpClientOptions>;
}

/** Where a node is. */
export interface NodeChain {
  /** The last block that it has checked. */
  readonly height: number;
  readonly hash: string;
  /** The last header that it knows. */
  readonly headerHeight: number;
  /** It says itself that it is far behind (Bitcoin Core). */
  readonly isSyncing: boolean;
  /** It does not keep old blocks; then maybe from where on it does. */
  readonly isPruned: boolean;
  readonly pruneHeight?: number;
}

/** A block of the node's best chain by its header. */
export interface NodeHeader {
  readonly height: number;
  readonly hash: string;
  readonly prevHash: string;
  readonly timeSeconds: number;
  readonly bits: number;
}

/** Connections at once: btcd takes 10 in all from everybody. */
export const NODE_REQUESTS_MAX = 4;
/** One answer with a block as hex: the largest blocks of the family have 32 MB. */
const BLOCK_ANSWER_BYTES_MAX = 72 * 1024 ** 2;
/** Any other answer; several blocks that have more together are asked for in halves. */
const ANSWER_BYTES_MAX = 32 * 1024 ** 2;
/** Questions in one request. */
const BATCH_MAX = 200;

/** Codes of Bitcoin Core's `rpc/protocol.h`. */
const RPC = { misc: -1, notFound: -5, badParameter: -8, warmingUp: -28 } as const;

interface Question {
  readonly method: string;
  readonly params: readonly unknown[];
}

interface RpcFailure {
  readonly code: number;
}

type RpcAnswer = { readonly result: unknown } | { readonly failure: RpcFailure };

export class NodeClient {
  readonly #http: HttpClient;
  /** REST needs no credentials, and a node that has none may break off: one try, nothing sent along. */
  readonly #rest: HttpClient;
  #isRestOn: boolean | undefined;
  #isNetworkRight = false;
  #id = 0;

  /** @throws {ClewError} CLEW_SECRET_IN_ARGUMENT, CLEW_USAGE for a URL that can not be used */
  constructor(options: NodeClientOptions) {
    const { url, authorization, caFile, retries = 2, timeoutMs = 60_000 } = options;
    requireNodeUrl(url);
    const common = {
      base: url,
      timeoutMs,
      concurrency: NODE_REQUESTS_MAX,
      ...(caFile === undefined ? {} : { caFile }),
    };
    const more = options.http ?? {};
    this.#http = new HttpClient({
      ...common,
      retries,
      ...(authorization === undefined ? {} : { authorization }),
      ...more,
    });
    this.#rest = new HttpClient({ ...common, ...more, retries: 0 });
  }

  /** `host:port`, for messages. */
  get host(): string {
    return this.#http.host;
  }

  /** Whether blocks come over REST; undefined before that was tried. */
  get isRestOn(): boolean | undefined {
    return this.#isRestOn;
  }

  close(): void {
    this.#http.close();
    this.#rest.close();
  }

  /**
   * Where the node is.
   *
   * @throws {ClewError} CLEW_NODE_AUTH; CLEW_REMOTE_BUSY while it starts, and others for which `isPassing` is true
   */
  async chain(signal?: AbortSignal): Promise<NodeChain> {
    const about = requireObject(await this.#ask('getblockchaininfo', [], signal), 'an object');
    const pruneHeight = about['pruneheight'];
    return {
      height: requireCount(about['blocks']),
      hash: requireHash(about['bestblockhash']),
      headerHeight: requireCount(about['headers']),
      isSyncing: about['initialblockdownload'] === true,
      isPruned: about['pruned'] === true,
      ...(pruneHeight === undefined ? {} : { pruneHeight: requireCount(pruneHeight) }),
    };
  }

  /**
   * That the node is one of a network, by its first block and by the first one after chains parted; asked once.
   *
   * @throws {ClewError} CLEW_NETWORK_MISMATCH
   */
  async requireNetwork(network: Network, signal?: AbortSignal): Promise<void> {
    if (this.#isNetworkRight) return;
    const names = (await this.networks(signal)).map(({ name }) => name);
    if (!names.includes(network.name)) {
      throw new ClewError(
        'CLEW_NETWORK_MISMATCH',
        `The node at ${this.host} is not one of ${network.name}: its chain begins with other blocks.`,
        { host: this.host, network: network.name, found: names.join(' ') },
      );
    }
    this.#isNetworkRight = true;
  }

  /** The networks that the node can be one of, as its blocks tell; none when we do not know its first block. */
  async networks(signal?: AbortSignal): Promise<Network[]> {
    const all = Object.values(NETWORKS);
    const forks = all.flatMap(({ forkedAt }) => forkedAt ?? []);
    const heights = [0, ...forks.map(({ height }) => height)];
    const [genesisHash, ...forkHashes] = await this.hashesAt(heights, signal);
    return all.filter((network) => {
      if (network.genesisHash !== genesisHash) return false;
      return forks.every((fork, i) => {
        const hash = forkHashes[i];
        // It may not have come so far.
        if (hash === undefined) return true;
        if (network.forkedAt === fork) return hash === fork.hash;
        return network.name !== fork.from || hash !== fork.hash;
      });
    });
  }

  /** Hashes of the best chain at these heights; undefined above its end. */
  async hashesAt(
    heights: readonly number[],
    signal?: AbortSignal,
  ): Promise<(string | undefined)[]> {
    const questions = heights.map((height) => ({ method: 'getblockhash', params: [height] }));
    const answers = await this.#askAll(questions, signal);
    return answers.map((answer) => {
      if ('result' in answer) return requireHash(answer.result);
      const { code } = answer.failure;
      if (code === RPC.misc || code === RPC.badParameter) return undefined;
      throw this.#refused('getblockhash', answer.failure);
    });
  }

  /**
   * Headers of the best chain from a height on, fewer when it ends before; each is the header of its hash, has the
   * proof of work that it names, and stands on the one before.
   *
   * @returns up to `count` of them; it may end early where the node's chain changed meanwhile
   * @throws {ClewError} CLEW_REMOTE_LIE
   */
  async headersFrom(
    height: number,
    count: number,
    network: Network,
    signal?: AbortSignal,
  ): Promise<NodeHeader[]> {
    const isRest = network.headerForm === 'plain' && (await this.#tryRest(signal));
    const bytes = isRest
      ? await this.#headersOverRest(height, count, network, signal)
      : await this.#headersOverRpc(height, count, network, signal);
    const headers: NodeHeader[] = [];
    for (const each of bytes) {
      const header = readHeader(each, height + headers.length, network);
      if (checkProofOfWork(each, network) === 'failed') {
        throw lie(header.hash, 'a header without the work that it names');
      }
      const below = headers.at(-1);
      if (below !== undefined && header.prevHash !== below.hash) break;
      headers.push(header);
    }
    return headers;
  }

  async #headersOverRpc(
    height: number,
    count: number,
    network: Network,
    signal?: AbortSignal,
  ): Promise<Uint8Array[]> {
    const heights = Array.from({ length: count }, (_, i) => height + i);
    const hashes: string[] = [];
    for (const hash of await this.hashesAt(heights, signal)) {
      if (hash === undefined) break;
      hashes.push(hash);
    }
    const questions = hashes.map((hash) => ({ method: 'getblockheader', params: [hash, false] }));
    const answers = await this.#askAll(questions, signal);
    return answers.map((answer, i) => {
      if ('failure' in answer) throw this.#refused('getblockheader', answer.failure);
      const bytes = requireBytes(answer.result);
      if (bytes.length < HEADER_BYTES) throw format('a header of fewer than 80 bytes');
      // An Auxpow proof may follow; the hash is of the header alone.
      const header = bytes.subarray(0, HEADER_BYTES);
      if (hashToDisplay(blockHash(header, network)) !== hashes[i]) {
        throw lie(hashes[i]!, 'another header');
      }
      return bytes;
    });
  }

  async #headersOverRest(
    height: number,
    count: number,
    network: Network,
    signal?: AbortSignal,
  ): Promise<Uint8Array[]> {
    const [hash] = await this.hashesAt([height], signal);
    if (hash === undefined) return [];
    const { status, body } = await this.#rest.get(`rest/headers/${count}/${hash}.bin`, {
      okStatus: [200, 404],
      bodyBytesMax: ANSWER_BYTES_MAX,
      ...(signal && { signal }),
    });
    if (status === 404 || body.length === 0) return [];
    if (body.length % HEADER_BYTES !== 0 || body.length > count * HEADER_BYTES) {
      throw format('headers of another length');
    }
    const headers: Uint8Array[] = [];
    for (let at = 0; at < body.length; at += HEADER_BYTES) {
      headers.push(body.subarray(at, at + HEADER_BYTES));
    }
    if (hashToDisplay(blockHash(headers[0]!, network)) !== hash) throw lie(hash, 'another header');
    return headers;
  }

  /**
   * A block as the node sends it, unchecked; over REST where that is on.
   *
   * @throws {ClewError} CLEW_NODE_BLOCK_GONE
   */
  async fetchBlock(hash: string, signal?: AbortSignal): Promise<Uint8Array> {
    if (await this.#tryRest(signal)) {
      const { status, body } = await this.#rest.get(`rest/block/${hash}.bin`, {
        okStatus: [200, 404],
        bodyBytesMax: BLOCK_ANSWER_BYTES_MAX,
        ...(signal && { signal }),
      });
      if (status === 200) return body;
      // Why it is not there is said over RPC alone.
    }
    const [block] = await this.#blocksOverRpc([hash], signal);
    return block!;
  }

  /** Several small blocks in one request, unchecked; in more than one when they turn out to be large. */
  async fetchBlocks(hashes: readonly string[], signal?: AbortSignal): Promise<Uint8Array[]> {
    if (hashes.length === 1 || (await this.#tryRest(signal))) {
      return Promise.all(hashes.map((hash) => this.fetchBlock(hash, signal)));
    }
    try {
      return await this.#blocksOverRpc(hashes, signal);
    } catch (error) {
      if (!(error instanceof ClewError) || error.code !== 'CLEW_REMOTE_TOO_LARGE') throw error;
      const middle = hashes.length >>> 1;
      // One after the other: what is large already needs no more at once.
      const first = await this.fetchBlocks(hashes.slice(0, middle), signal);
      return [...first, ...(await this.fetchBlocks(hashes.slice(middle), signal))];
    }
  }

  async #blocksOverRpc(hashes: readonly string[], signal?: AbortSignal): Promise<Uint8Array[]> {
    const questions = hashes.map((hash) => ({ method: 'getblock', params: [hash, 0] }));
    const bytesMax = hashes.length === 1 ? BLOCK_ANSWER_BYTES_MAX : ANSWER_BYTES_MAX;
    const answers = await this.#askAll(questions, signal, bytesMax);
    return answers.map((answer, i) => {
      if ('result' in answer) return requireBytes(answer.result);
      const { code } = answer.failure;
      if (code !== RPC.misc && code !== RPC.notFound) {
        throw this.#refused('getblock', answer.failure);
      }
      throw new ClewError('CLEW_NODE_BLOCK_GONE', `The node at ${this.host} lacks a block.`, {
        host: this.host,
        hash: hashes[i]!,
        rpcCode: code,
      });
    });
  }

  /** Ids of the transactions that wait in the node's mempool, in no order. */
  async mempool(signal?: AbortSignal): Promise<string[]> {
    const txids = await this.#ask('getrawmempool', [], signal);
    if (!Array.isArray(txids)) throw format('a list of transaction ids');
    return txids.map(requireHash);
  }

  /** Transactions as bytes, unchecked; undefined for those that the node does not have, or not any more. */
  async transactions(
    txids: readonly string[],
    signal?: AbortSignal,
  ): Promise<(Uint8Array | undefined)[]> {
    // A number, not a flag: btcd takes nothing else.
    const questions = txids.map((txid) => ({ method: 'getrawtransaction', params: [txid, 0] }));
    const answers = await this.#askAll(questions, signal, BLOCK_ANSWER_BYTES_MAX);
    return answers.map((answer) => {
      if ('result' in answer) return requireBytes(answer.result);
      if (answer.failure.code === RPC.notFound) return undefined;
      throw this.#refused('getrawtransaction', answer.failure);
    });
  }

  /** One try, and its outcome holds for as long as this client lives. */
  async #tryRest(signal?: AbortSignal): Promise<boolean> {
    if (this.#isRestOn !== undefined) return this.#isRestOn;
    try {
      const { body } = await this.#rest.get('rest/chaininfo.json', {
        bodyBytesMax: 1024 ** 2,
        timeoutMs: 10_000,
        ...(signal && { signal }),
      });
      const about = requireObject(parseJson(body), 'an object');
      requireHash(about['bestblockhash']);
      this.#isRestOn = true;
    } catch (error) {
      if (!(error instanceof ClewError) || error.code === 'CLEW_INTERRUPTED') throw error;
      this.#isRestOn = false;
    }
    return this.#isRestOn;
  }

  async #ask(method: string, params: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    const [answer] = await this.#askBatch([{ method, params }], signal, ANSWER_BYTES_MAX);
    if ('failure' in answer!) throw this.#refused(method, answer.failure);
    return answer!.result;
  }

  async #askAll(
    questions: readonly Question[],
    signal?: AbortSignal,
    bodyBytesMax = ANSWER_BYTES_MAX,
  ): Promise<RpcAnswer[]> {
    const batches: Promise<RpcAnswer[]>[] = [];
    for (let at = 0; at < questions.length; at += BATCH_MAX) {
      const batch = questions.slice(at, at + BATCH_MAX);
      batches.push(this.#askBatch(batch, signal, bodyBytesMax));
    }
    return (await Promise.all(batches)).flat();
  }

  /** One request; a single question goes as it is, several as a list. */
  async #askBatch(
    questions: readonly Question[],
    signal: AbortSignal | undefined,
    bodyBytesMax: number,
  ): Promise<RpcAnswer[]> {
    const firstId = this.#id + 1;
    this.#id += questions.length;
    const asked = questions.map((question, i) => ({
      jsonrpc: '2.0',
      id: firstId + i,
      ...question,
    }));
    const { status, body } = await this.#http.post(
      '',
      JSON.stringify(asked.length === 1 ? asked[0] : asked),
      {
        contentType: 'application/json',
        isIdempotent: true,
        okStatus: [200, 400, 401, 403, 404, 500],
        bodyBytesMax,
        ...(signal && { signal }),
      },
    );
    if (status === 401 || status === 403) {
      throw new ClewError('CLEW_NODE_AUTH', `The node at ${this.host} lets us not in.`, {
        host: this.host,
        status,
      });
    }
    return this.#readAnswers(parseJson(body), firstId, asked.length, status);
  }

  #readAnswers(json: unknown, firstId: number, count: number, status: number): RpcAnswer[] {
    const list: readonly unknown[] = Array.isArray(json) && count > 1 ? json : [json];
    const answers = new Array<RpcAnswer | undefined>(count);
    for (const each of list) {
      const answer = requireObject(each, 'an answer');
      const { id, error, result } = answer;
      if (error !== undefined && error !== null) {
        const { code } = requireObject(error, 'an error');
        if (typeof code !== 'number' || !Number.isInteger(code)) throw format('an error with code');
        if (code === RPC.warmingUp) throw this.#warmingUp();
        // An error about the whole request has no id.
        if (id === null || id === undefined) throw this.#refused('batch', { code });
        answers[this.#placeOf(id, firstId, count, answers)] = { failure: { code } };
        continue;
      }
      if (status !== 200 || result === undefined || result === null) throw format('an answer');
      answers[this.#placeOf(id, firstId, count, answers)] = { result };
    }
    if (answers.includes(undefined)) throw format('an answer to each question');
    return answers as RpcAnswer[];
  }

  #placeOf(
    id: unknown,
    firstId: number,
    count: number,
    answers: readonly (RpcAnswer | undefined)[],
  ): number {
    const place = typeof id === 'number' ? id - firstId : -1;
    if (!Number.isInteger(place) || place < 0 || place >= count || answers[place] !== undefined) {
      throw format('an answer to each question');
    }
    return place;
  }

  #warmingUp(): ClewError {
    return new ClewError('CLEW_REMOTE_BUSY', `The node at ${this.host} is starting.`, {
      host: this.host,
      rpcCode: RPC.warmingUp,
    });
  }

  #refused(method: string, { code }: RpcFailure): ClewError {
    return new ClewError(
      'CLEW_NODE_REFUSED',
      `The node at ${this.host} answered ${method} with error ${code}.`,
      { host: this.host, method, rpcCode: code },
    );
  }
}

/** Whether the same request may fare better in a while: the node restarts, is busy, or the line was cut. */
export function isPassing(error: unknown): error is ClewError {
  return error instanceof ClewError && /^CLEW_REMOTE_(UNREACHABLE|SLOW|CUT|BUSY)$/.test(error.code);
}

/**
 * That a URL can be one of a node, and holds no secret.
 *
 * @throws {ClewError} CLEW_SECRET_IN_ARGUMENT, CLEW_USAGE
 */
export function requireNodeUrl(url: URL): void {
  if (url.username !== '' || url.password !== '') {
    throw new ClewError(
      'CLEW_SECRET_IN_ARGUMENT',
      'The address of the node holds a user or a password.',
    );
  }
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  if (!isHttp || url.search !== '' || url.hash !== '') {
    throw new ClewError(
      'CLEW_USAGE',
      'The address of a node is http:// or https:// with host and port, such as http://127.0.0.1:8332.',
    );
  }
}

function readHeader(bytes: Uint8Array, height: number, network: Network): NodeHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  return {
    height,
    hash: hashToDisplay(blockHash(bytes, network)),
    prevHash: hashToDisplay(bytes.subarray(4, 36)),
    timeSeconds: view.getUint32(68, true),
    bits: view.getUint32(72, true),
  };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'));
  } catch {
    // The text of the error would quote what the node wrote.
    throw format('JSON');
  }
}

function requireObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw format(what);
  return value as Readonly<Record<string, unknown>>;
}

function requireHash(value: unknown): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw format('a hash');
  return value;
}

/** Heights and counts: below 2^31. */
function requireCount(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31) {
    return value;
  }
  throw format('a height');
}

function requireBytes(value: unknown): Uint8Array {
  if (typeof value !== 'string' || value.length === 0 || !isHex(value)) throw format('hex');
  const bytes = Buffer.from(value, 'hex');
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function format(wanted: string): ClewError {
  return new ClewError('CLEW_REMOTE_FORMAT', `The node answered something else than ${wanted}.`, {
    wanted,
  });
}

function lie(hash: string, sent: string): ClewError {
  return new ClewError('CLEW_REMOTE_LIE', `The node sent ${sent}.`, { hash });
}
