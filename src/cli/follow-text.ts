/** What following a node prints: a line for each block at the tip, and for what it waits for. */
import type { NetworkName } from '../chain/network.ts';
import type { Clock } from '../clock.ts';
import { ClewError } from '../errors.ts';
import type { FollowEvent } from '../pipeline/follow.ts';
import type { BlockAdded, FollowStep } from '../pipeline/follow-step.ts';
import { countText, groupedNumber } from '../units/number-text.ts';
import { formatTime } from '../units/time.ts';
import type { CommandContext } from './command.ts';
import { durationText } from './output.ts';
import type { Progress } from './progress.ts';

/** More blocks than these come in one line. */
const LINES_AT_ONCE = 10;

const WAITING = {
  behind: 'The node is not as far as the ledger: waiting for it.',
  'less-work': "The node follows a branch with no more work than the ledger's: waiting.",
  syncing: 'The node is still fetching blocks itself: going on with what it has.',
} as const;

/** Prints events, and shows how far it is while there is much to catch up with. */
export class FollowPrinter {
  readonly #context: CommandContext;
  readonly #network: NetworkName;
  readonly #json: boolean;
  readonly #progress: Progress;
  readonly #clock: Clock;
  readonly #startedMs: number;
  #firstHeight: number | undefined;
  #blocks = 0;
  #transactions = 0;
  #bytes = 0;

  constructor(context: CommandContext, network: NetworkName, json: boolean) {
    this.#context = context;
    this.#network = network;
    this.#json = json;
    this.#progress = context.progress('Following', 'blocks');
    this.#clock = context.clock;
    this.#startedMs = context.clock.elapsedMs();
  }

  readonly onEvent = (event: FollowEvent): void => {
    if (event.kind === 'progress') {
      this.#note(event.block, event.nodeHeight);
      return;
    }
    const lines = this.#json ? this.#jsonLines(event) : this.#textLines(event);
    if (lines.length === 0) return;
    this.#progress.end();
    void this.#context.stdout.write(lines.map((line) => `${line}\n`).join(''));
  };

  end(): void {
    this.#progress.end();
  }

  #note(block: BlockAdded, nodeHeight: number): void {
    this.#firstHeight ??= block.height;
    this.#blocks += 1;
    this.#transactions += block.transactions;
    this.#bytes += block.bytes;
    const seconds = Math.max(0.001, (this.#clock.elapsedMs() - this.#startedMs) / 1000);
    const total = nodeHeight - this.#firstHeight + 1;
    this.#progress.update({
      done: this.#blocks,
      share: total <= 0 ? 1 : this.#blocks / total,
      detail:
        `height ${groupedNumber(block.height)} of ${groupedNumber(nodeHeight)}, ` +
        `${groupedNumber(Math.round(this.#transactions / seconds))} tx/s, ` +
        `${(this.#bytes / seconds / 1e6).toFixed(1)} MB/s`,
    });
  }

  #jsonLines(event: Exclude<FollowEvent, { kind: 'progress' }>): string[] {
    const about = { format: 'clew-follow/1', network: this.#network, event: event.kind };
    if (event.kind === 'waiting') {
      const { reason } = event;
      const why =
        reason instanceof ClewError
          ? { reason: reason.code, message: reason.message, facts: reason.facts }
          : { reason, message: WAITING[reason] };
      return [JSON.stringify({ ...about, ...why })];
    }
    if (event.kind === 'resumed') return [JSON.stringify(about)];
    const { step, blocks } = event;
    const { node, state, height, hash, reorganised } = step;
    const { blocksAdded, transactionsAdded, bytesAdded } = step;
    return [
      JSON.stringify({
        ...about,
        state,
        height: height ?? null,
        hash: hash ?? null,
        nodeHeight: node.height,
        lagBlocks: lagOf(step),
        blocksAdded,
        transactionsAdded,
        bytesAdded,
        ...(reorganised && { reorganised }),
        ...(blocksAdded <= LINES_AT_ONCE && { blocks }),
      }),
    ];
  }

  #textLines(event: Exclude<FollowEvent, { kind: 'progress' }>): string[] {
    const now = formatTime(this.#clock.nowSeconds());
    if (event.kind === 'resumed') return [`${now}  The node answers again.`];
    if (event.kind === 'waiting') {
      const { reason } = event;
      const text =
        reason instanceof ClewError
          ? `${reason.code}: ${reason.message} Trying again.`
          : WAITING[reason];
      return [`${now}  ${text}`];
    }
    const { step, blocks } = event;
    const lines: string[] = [];
    if (step.reorganised !== undefined) {
      const { keptHeight, blocksUndone, blocksLoaded } = step.reorganised;
      lines.push(
        `${now}  The chain was reorganised above height ${groupedNumber(keptHeight)}: ` +
          `${countText(blocksUndone, 'block')} gave way to ${blocksLoaded}.`,
      );
    }
    if (step.blocksAdded > LINES_AT_ONCE) return [...lines, `${now}  ${this.#stepText(step)}`];
    return [...lines, ...blocks.map((block) => `${now}  ${blockText(block, this.#clock)}`)];
  }

  #stepText(step: FollowStep): string {
    const { height, node, blocksAdded, transactionsAdded, bytesAdded } = step;
    const lag = lagOf(step);
    const seconds = (this.#clock.elapsedMs() - this.#startedMs) / 1000;
    const leftSeconds = this.#blocks === 0 ? 0 : (seconds * lag) / this.#blocks;
    const rest =
      lag === 0
        ? 'at the tip of the node'
        : `${countText(lag, 'block')} behind, about ${durationText(leftSeconds)} left`;
    return (
      `height ${groupedNumber(height ?? 0)} of ${groupedNumber(node.height)}: ` +
      `added ${countText(blocksAdded, 'block')} with ${countText(transactionsAdded, 'transaction')}, ` +
      `${(bytesAdded / 1e6).toFixed(1)} MB; ${rest}`
    );
  }
}

function lagOf({ height, node }: FollowStep): number {
  return Math.max(0, node.height - (height ?? -1));
}

function blockText(block: BlockAdded, clock: Clock): string {
  const { height, hash, transactions, bytes, timeSeconds } = block;
  const age = Math.max(0, clock.nowSeconds() - timeSeconds);
  return (
    `block ${groupedNumber(height)}  ${hash}  ${countText(transactions, 'transaction')}, ` +
    `${groupedNumber(bytes)} bytes, ${durationText(age)} old`
  );
}
