/** What the Esplora API answers from, and how its questions reach it. */
import type { NetworkName } from '../../chain/network.ts';
import { ClewError } from '../../errors.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { RawPlaces } from '../../ledger/raw-places.ts';
import { FlowReader } from '../../ledger/read/flow-reader.ts';
import type { OpenNetwork } from '../../pipeline/open-network.ts';
import type { RawSource } from '../../pipeline/raw-source.ts';
import { ScriptSearch } from './script-search.ts';

export interface EsploraSite {
  /** The network answered for; undefined when nothing is indexed. */
  readonly network: NetworkName | undefined;
  useNetwork<T>(network: NetworkName, work: (open: OpenNetwork) => Promise<T>): Promise<T>;
}

/** One state of the ledger, from beginning to end of `EsploraLedger.use`. */
export interface EsploraState {
  readonly ledger: Ledger;
  readonly flow: FlowIndex;
  /** For what tables hold; it sees the same state. */
  readonly reader: FlowReader;
  /** Where bytes stand, and hashes of blocks: many at a time. */
  readonly places: RawPlaces;
  /** `<data>/<network>` */
  readonly folder: string;
  /**
   * Bytes of blocks, from files or a node. To be used afterwards: while a node is asked, nobody may wait in the ledger. It opens
   * again what was closed meanwhile.
   */
  readonly raw: RawSource;
}

export class EsploraLedger {
  readonly #site: EsploraSite;
  readonly search: ScriptSearch;
  readonly #readers = new WeakMap<Ledger, Pick<EsploraState, 'reader' | 'places'>>();

  constructor(site: EsploraSite) {
    this.#site = site;
    this.search = new ScriptSearch((work) => this.#useOpen((open) => work(open)));
  }

  #useOpen<T>(work: (open: OpenNetwork) => Promise<T>): Promise<T> {
    const { network } = this.#site;
    if (network === undefined) {
      throw new ClewError('CLEW_LEDGER_EMPTY', 'Nothing has been indexed yet.');
    }
    return this.#site.useNetwork(network, work);
  }

  /**
   * Works with one state of the ledger.
   *
   * @param work must not wait for anybody else: while it runs no block can be undone
   * @throws {ClewError} CLEW_LEDGER_EMPTY, and what opening throws
   */
  use<T>(work: (state: EsploraState) => Promise<T> | T): Promise<T> {
    return this.#useOpen(async (open) => {
      const { ledger } = open;
      const flow = await open.flow();
      let readers = this.#readers.get(ledger);
      if (readers === undefined) {
        readers = { reader: new FlowReader(ledger), places: new RawPlaces(ledger) };
        this.#readers.set(ledger, readers);
      }
      return work({ ledger, flow, folder: open.folder, raw: open.raw, ...readers });
    });
  }

  close(): Promise<void> {
    return this.search.close();
  }
}
