/** Following a node beside something else in the same process: `clew serve --rpc`. */
import { anyError } from '../api/any-error.ts';
import type { NetworkName } from '../chain/network.ts';
import type { Following } from '../pipeline/following.ts';
import type { Unconfirmed } from '../pipeline/unconfirmed.ts';
import type { NodeClient } from '../source/node-client.ts';
import type { CommandContext } from './command.ts';
import { errorText } from './print-error.ts';

/** Between two looks at the node. */
const POLL_MS = 1_000;
/** Readers of the process see blocks at the end of a step. */
const STEP_MS = 10_000;

/** A node that is away for longer is one of the network that is there, if there is one alone: its pages are shown meanwhile. */
const ANSWER_MS = 3_000;

/** What the other work is told of the node. */
export interface Followed {
  readonly network: NetworkName;
  readonly following: () => Following;
  readonly unconfirmed: Unconfirmed;
}

/**
 * Follow a node until the other work ends. An error that does not pass ends the following and is told; the other work goes
 * on with what is there.
 *
 * @param asked the network; that of the node when left out
 */
export async function followBeside(
  context: CommandContext,
  node: NodeClient,
  asked: NetworkName | undefined,
  work: (followed: Followed) => Promise<void>,
): Promise<void> {
  const { clock, signal, session, stderr } = context;
  const { follow, networkOfNode } = await import('../pipeline/follow.ts');
  const { FollowWatch } = await import('../pipeline/following.ts');
  const { Unconfirmed } = await import('../pipeline/unconfirmed.ts');
  const onWaiting = context.warn;
  const brief = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  const network =
    asked ??
    (await networkOfNode(node, { clock, signal: brief })) ??
    onlyNetwork(context) ??
    (await networkOfNode(node, { clock, signal, onWaiting }));
  if (network === undefined) return;
  const watch = new FollowWatch(node.host);
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  session.nodes.set(network, node);
  const unconfirmed = new Unconfirmed(node, network);
  const following = follow(session, network, node, {
    pollMs: POLL_MS,
    stepMs: STEP_MS,
    isServing: true,
    clock,
    signal: both,
    onEvent: watch.onEvent,
  }).catch((thrown: unknown) => {
    const error = anyError(thrown);
    watch.ended(error);
    void stderr.write(errorText(error, false));
  });
  try {
    await work({ network, following: () => watch.state, unconfirmed });
  } finally {
    stop.abort();
    await following;
    session.nodes.delete(network);
  }
}

function onlyNetwork({ data }: CommandContext): NetworkName | undefined {
  const networks = data.networks();
  return networks.length === 1 ? networks[0] : undefined;
}
