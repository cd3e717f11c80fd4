/** How following a node is getting on: what pages and people are told. */
import type { ClewError, ErrorCode } from '../errors.ts';
import type { FollowEvent } from './follow.ts';

export interface Following {
  /** `host:port`. */
  readonly node: string;
  /** `starting` before anything was heard of it; `ended` after an error that does not pass. */
  readonly state: 'starting' | 'catching-up' | 'at-tip' | 'waiting' | 'ended';
  /** Last known; null before it answered. */
  readonly nodeHeight: number | null;
  /** Why it waits or ended: an error's code, or `behind`, `less-work`, `syncing`. */
  readonly reason: ErrorCode | 'behind' | 'less-work' | 'syncing' | null;
  readonly reorganisations: number;
}

/** Keeps the state from what is told. */
export class FollowWatch {
  #state: Following;

  constructor(node: string) {
    const nothing = { nodeHeight: null, reason: null, reorganisations: 0 };
    this.#state = { node, state: 'starting', ...nothing };
  }

  get state(): Following {
    return this.#state;
  }

  readonly onEvent = (event: FollowEvent): void => {
    const before = this.#state;
    if (event.kind === 'progress') {
      const { nodeHeight } = event;
      this.#state = { ...before, state: 'catching-up', nodeHeight, reason: null };
    } else if (event.kind === 'step') {
      const { node, state, reorganised } = event.step;
      this.#state = {
        ...before,
        state: state === 'tip' ? 'at-tip' : 'catching-up',
        nodeHeight: node.height,
        reason: null,
        reorganisations: before.reorganisations + (reorganised === undefined ? 0 : 1),
      };
    } else if (event.kind === 'waiting') {
      const { reason } = event;
      this.#state = {
        ...before,
        state: 'waiting',
        reason: typeof reason === 'string' ? reason : reason.code,
      };
    } else {
      this.#state = { ...before, state: 'at-tip', reason: null };
    }
  };

  ended(error: ClewError): void {
    this.#state = { ...this.#state, state: 'ended', reason: error.code };
  }
}
