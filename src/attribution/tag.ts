/**
 * A tag is one sourced assertion: who said it, when, how sure, of what kind, about which address or
 * transaction. It is not a fact, and two that disagree stand side by side.
 */
import type { NetworkName } from '../chain/network.ts';
import type { Address, Txid } from '../units/ids.ts';
import type { CategoryId } from './category.ts';
import type { ConfidenceId } from './confidence.ts';

/** The table of GraphSense's tag types. */
export const TAG_TYPES = ['actor', 'event', 'attribute', 'mention'] as const;
export type TagType = (typeof TAG_TYPES)[number];

/** The file that a tag came with. */
export interface SourcePack {
  readonly title: string;
  readonly creator: string;
  readonly fileName: string;
  /** Of the unpacked file, as hex. */
  readonly sha256: string;
  /** When it was imported here, in Unix seconds. */
  readonly recordedAtSeconds: number;
}

/** What a tag says, apart from whom it says it about. */
export interface Statement {
  /** As the source wrote it. */
  readonly label: string;
  /** Where the source says that it knows it from: usually a link or a reference. */
  readonly source: string;
  readonly sourcePack: SourcePack;
  readonly confidence: ConfidenceId;
  /** 0 to 100: ranks sources, no probability. */
  readonly confidenceLevel: number;
  readonly category: CategoryId;
  readonly abuse?: CategoryId;
  /** Every category that the tag names, `category` and `abuse` among them. */
  readonly concepts: readonly CategoryId[];
  /** Short name of the real-world party, the same in all packs of one publisher. */
  readonly actor?: string;
  /** Day on which the source last changed it, `YYYY-MM-DD`. */
  readonly lastmodDay?: string;
  /** The source says that the tag stands for the whole cluster of the address. */
  readonly clusterDefiner: boolean;
  readonly tagType?: TagType;
  /** Free text or JSON that came with the tag: shown on request, never read by Clew. */
  readonly context?: string;
  /** Pending until a named person confirms it: claims of child exploitation. Never used as a label. */
  readonly status: 'active' | 'pending';
}

/** A statement about one address or one transaction on one network. */
export interface Tag extends Statement {
  readonly network: NetworkName;
  readonly saidAbout: 'address' | 'transaction';
  readonly address?: Address;
  readonly txid?: Txid;
  /** When it was imported here, in Unix seconds. */
  readonly recordedAtSeconds: number;
}
