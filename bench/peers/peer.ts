import type { ProcessSpec } from './measure-process.ts';
import type { NodeFolder } from './node-folder.ts';

/** What a tool says of the chain it read; what it does not count is left out. */
export interface ChainFacts {
  readonly blocks?: number;
  readonly transactions?: number;
  readonly inputs?: number;
  readonly outputs?: number;
  /** Everything unspent, the coin of block 0 included, which nobody can spend and most tools count. */
  readonly unspentSats?: bigint;
  /** The same, on scripts that have an address. */
  readonly unspentWithAddressSats?: bigint;
}

/** What a tool does in the time measured, in the words of the table. */
export interface PeerWork {
  /** Are the values of what is spent known? */
  readonly values: string;
  readonly addresses: string;
  readonly clusters: string;
  readonly checks: string;
  readonly keeps: string;
}

/** How one run is started and what it said in the end. */
export interface PeerRun {
  readonly process: Omit<ProcessSpec, 'outputFile'>;
  /** Bytes it left behind, where it leaves any. */
  readonly resultFolder?: string;
  facts(stdout: string): ChainFacts | Promise<ChainFacts>;
  /** Ends what was started beside it. */
  stop?(): Promise<void>;
}

export interface Peer {
  readonly name: string;
  readonly work: PeerWork;
  /** What else the table must say of it. */
  readonly note?: string;
  /** A slow one reads only blocks with about so many transactions, and only once. */
  readonly transactionsMax?: number;
  /** It holds back so many of the last blocks, which might be replaced yet. */
  readonly blocksLeftOut?: number;
  /** Installs it into the cache when it is not there. Throws with what is missing. */
  install(): void;
  /**
   * @param node a node's folder of its own
   * @param heightEnd the first height that is not to be read; the end of the chain for most
   * @param scratch an empty folder for whatever it writes
   */
  prepare(node: NodeFolder, heightEnd: number, scratch: string): PeerRun | Promise<PeerRun>;
}
