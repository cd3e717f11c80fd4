/** A node that was named, at hand while a command works. */
import type { NetworkName } from '../chain/network.ts';
import type { NodeClient } from '../source/node-client.ts';
import type { CommandContext } from './command.ts';
import { type NodeAsked, openNode } from './node-options.ts';

/**
 * Works with the node that was named, which also gives the bytes of blocks that came from one; or with the one that this
 * process follows. The node must be one of the network.
 *
 * @param work is given undefined when no node was named and none is followed
 * @throws {ClewError} CLEW_NETWORK_MISMATCH, CLEW_NODE_AUTH, CLEW_REMOTE_*
 */
export async function withNode<T>(
  context: CommandContext,
  asked: NodeAsked,
  network: NetworkName,
  work: (node: NodeClient | undefined) => Promise<T>,
): Promise<T> {
  const { nodes } = context.session;
  const followed = nodes.get(network);
  const node = await openNode(asked, network);
  if (node === undefined) return work(followed);
  try {
    const { getNetwork } = await import('../chain/network.ts');
    await node.requireNetwork(getNetwork(network), context.signal);
    if (followed === undefined) nodes.set(network, node);
    return await work(node);
  } finally {
    if (nodes.get(network) === node) nodes.delete(network);
    node.close();
  }
}
