/**
 * A real Bitcoin node for tests: btcd, on a chain of its own (regtest), with RPC on loopback.
 *
 * `npm run services` builds it; `CLEW_BTCD` may name the program. The calls here are raw JSON-RPC, without Clew's client.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePorts } from './free-ports.ts';
import { findProgram, ServiceProcess, skipForMissing } from './service-process.ts';
import { PROJECT } from './source-files.ts';

const START_TRIES = 3;
/** Of the examples in BIP 173: nobody on a chain of tests has a key to anything. */
const MINING_ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';

export interface BtcdOptions {
  /** RPC over TLS with a certificate of its own (`certificateFile`); plain HTTP unless told. */
  readonly tls?: boolean;
  readonly user?: string;
  readonly password?: string;
  /** Where the blocks that `generate` makes pay to; needed for that on other networks than regtest. */
  readonly miningAddress?: string;
  /** Nodes to connect to (`p2pAddress` of another): their longer chain becomes this one's. */
  readonly connect?: readonly string[];
  /** Listen for such nodes. */
  readonly listen?: boolean;
  /** Regtest unless told. */
  readonly network?: 'regtest' | 'simnet' | 'testnet' | 'signet';
  readonly args?: readonly string[];
}

/** The program; undefined when it is not there. */
export function findBtcd(): string | undefined {
  return (
    process.env['CLEW_BTCD'] ??
    findProgram(['btcd'], [join(PROJECT, '.ci/tools/bin'), join(homedir(), 'go/bin')])
  );
}

/** Whether the test can have a node; skips it loudly when not. */
export function hasBtcd(t: TestContext): boolean {
  if (findBtcd() !== undefined) return true;
  skipForMissing(t, 'btcd');
  return false;
}

/**
 * btcd removes the chain of a regtest whenever it starts. Here that is a link in a folder where it may not write, so it
 * can not (it goes on when removing fails).
 */
function keepRegtestChain(folder: string): void {
  mkdirSync(join(folder, 'chain'));
  mkdirSync(join(folder, 'data/regtest'), { recursive: true });
  symlinkSync(join(folder, 'chain'), join(folder, 'data/regtest/blocks_ffldb'));
  chmodSync(join(folder, 'data/regtest'), 0o555);
}

function allowRemoval(folder: string): void {
  const locked = join(folder, 'data/regtest');
  if (existsSync(locked)) chmodSync(locked, 0o755);
}

export class BtcdNode {
  readonly folder: string;
  readonly rpcPort: number;
  readonly p2pAddress: string;
  readonly user: string;
  readonly password: string;
  readonly isTls: boolean;
  readonly process: ServiceProcess;

  constructor(folder: string, ports: readonly number[], program: string, options: BtcdOptions) {
    const { user = 'clew', password = 'not-a-secret', network = 'regtest' } = options;
    const { miningAddress = network === 'regtest' ? MINING_ADDRESS : undefined } = options;
    const [rpcPort, p2pPort] = ports as [number, number];
    this.folder = folder;
    this.rpcPort = rpcPort;
    this.p2pAddress = `127.0.0.1:${p2pPort}`;
    this.user = user;
    this.password = password;
    this.isTls = options.tls ?? false;
    writeFileSync(join(folder, 'btcd.conf'), `rpcuser=${user}\nrpcpass=${password}\n`);
    if (network === 'regtest') keepRegtestChain(folder);
    this.process = new ServiceProcess({
      name: 'btcd',
      program,
      args: [
        `--${network}`,
        `--configfile=${join(folder, 'btcd.conf')}`,
        `--datadir=${join(folder, 'data')}`,
        `--logdir=${join(folder, 'logs')}`,
        `--rpclisten=127.0.0.1:${rpcPort}`,
        ...(this.isTls ? [] : ['--notls']),
        `--rpccert=${this.certificateFile}`,
        `--rpckey=${join(folder, 'rpc.key')}`,
        '--rpcmaxclients=100',
        '--nodnsseed',
        '--nobanning',
        ...(options.listen ? [`--listen=${this.p2pAddress}`] : ['--nolisten']),
        ...(options.connect ?? []).map((address) => `--connect=${address}`),
        ...(miningAddress === undefined ? [] : [`--miningaddr=${miningAddress}`]),
        ...(options.args ?? []),
      ],
      folder,
      logFile: join(folder, 'logs', network, 'btcd.log'),
      // Its default folders are below the home: nothing of this may land in a person's.
      env: { HOME: folder },
      withoutRootRights: true,
      isReady: async () => (await this.height()) >= 0,
    });
  }

  /** `http://127.0.0.1:port`, or https; without user and password. */
  get url(): string {
    return `${this.isTls ? 'https' : 'http'}://127.0.0.1:${this.rpcPort}`;
  }

  /** The certificate that signed itself, made at the first start with TLS. */
  get certificateFile(): string {
    return join(this.folder, 'rpc.cert');
  }

  /** Starts it again on the same folder and ports. */
  start(): Promise<void> {
    return this.process.start();
  }

  /** Ends it in order (about 2 s). */
  stop(): Promise<void> {
    return this.process.stop();
  }

  /** Ends it at once; it may have lost its last blocks when it is started again. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  /** Ends it and removes its folder. */
  async close(): Promise<void> {
    await this.kill();
    allowRemoval(this.folder);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /**
   * One call. `unknown` is what JSON can hold; the caller knows which method answers what.
   *
   * @throws Error with the node's code and words
   */
  // biome-ignore lint/suspicious/noExplicitAny: each method answers in its own shape, and tests say which they mean.
  async call(method: string, ...params: readonly unknown[]): Promise<any> {
    const body = JSON.stringify({ jsonrpc: '1.0', id: 1, method, params });
    const answer = await this.#post(body);
    const { result, error } = JSON.parse(answer);
    if (error) throw new Error(`btcd ${method}: ${error.code} ${error.message}`);
    return result;
  }

  height(): Promise<number> {
    return this.call('getblockcount');
  }

  bestHash(): Promise<string> {
    return this.call('getbestblockhash');
  }

  hashAt(height: number): Promise<string> {
    return this.call('getblockhash', height);
  }

  /** Mines so many blocks; their hashes, lowest first. */
  generate(count: number): Promise<string[]> {
    return this.call('generate', count);
  }

  async invalidate(hash: string): Promise<void> {
    await this.call('invalidateblock', hash);
  }

  async reconsider(hash: string): Promise<void> {
    await this.call('reconsiderblock', hash);
  }

  /**
   * A reorganisation: the last `depth` blocks give way to `depth + more` others. Blocks mined in one second pay the
   * same and would be the same again; btcd's extra nonce is random, so they are not.
   *
   * @returns hashes of the new blocks, lowest first
   */
  async reorganise(depth: number, more = 1): Promise<string[]> {
    const height = await this.height();
    await this.invalidate(await this.hashAt(height - depth + 1));
    return await this.generate(depth + more);
  }

  #post(body: string): Promise<string> {
    const options = {
      host: '127.0.0.1',
      port: this.rpcPort,
      method: 'POST',
      auth: `${this.user}:${this.password}`,
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    };
    return new Promise((resolve, reject) => {
      const request = this.isTls
        ? httpsRequest({ ...options, ca: readFileSync(this.certificateFile) })
        : httpRequest(options);
      request.once('error', reject);
      request.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.once('error', reject);
        response.once('end', () =>
          text.startsWith('{')
            ? resolve(text)
            : reject(new Error(`btcd ${response.statusCode}: ${text.trim()}`)),
        );
      });
      request.end(body);
    });
  }
}

/**
 * Starts a node and waits until it answers (0.25 s, measured). Close it in `after`.
 *
 * @throws Error with the end of its log
 */
export async function startBtcd(options: BtcdOptions = {}): Promise<BtcdNode> {
  const program = findBtcd();
  if (program === undefined) throw new Error('btcd is missing: npm run services');
  for (let tries = 1; ; tries++) {
    const folder = mkdtempSync(join(tmpdir(), 'clew-btcd-'));
    const node = new BtcdNode(folder, await freePorts(2), program, options);
    try {
      await node.start();
      return node;
    } catch (error) {
      await node.close();
      if (tries === START_TRIES || !/address already in use/i.test(String(error))) throw error;
    }
  }
}
