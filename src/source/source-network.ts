/**
 * Whose blocks a source holds: the network asked for, or the only one that is there.
 */
import { NETWORKS, type Network, type NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import type { SourceScan } from './source-scan.ts';

/** How many blocks there are of each network; a bare block counts for every network that it can belong to. */
function countByNetwork(scan: SourceScan): Map<NetworkName, number> {
  const counts = new Map<NetworkName, number>();
  for (const [name, blocks] of scan.framed) if (blocks.count > 0) counts.set(name, blocks.count);
  for (const networks of scan.bareNetworks) {
    for (const name of networks) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function ambiguous(scan: SourceScan): ClewError {
  const counts = countByNetwork(scan);
  const list = [...counts].map(([name, count]) => `${name} (${count})`).join(', ');
  return new ClewError(
    'CLEW_NETWORK_AMBIGUOUS',
    `The blocks are, or may be, of several networks: ${list}.`,
    Object.fromEntries(counts),
  );
}

/**
 * The network whose blocks these really are, where it shares its first blocks and its magic with the one that was chosen;
 * undefined when they are of the chosen one, or do not reach the height at which the two parted.
 *
 * @param hashAt the block at a height of the best chain, as people write its hash
 */
export function trueNetwork(
  chosen: Network,
  hashAt: (height: number) => string | undefined,
): Network | undefined {
  for (const fork of Object.values(NETWORKS)) {
    if (fork.forkedAt === undefined) continue;
    const { from, height, hash } = fork.forkedAt;
    if (fork !== chosen && chosen.name !== from) continue;
    const found = hashAt(height);
    if (found === undefined) continue;
    const owner = found === hash ? fork : NETWORKS[from];
    if (owner !== chosen) return owner;
  }
  return undefined;
}

/**
 * The network of a source.
 *
 * @param wanted what `--network` said
 * @returns undefined when nothing was found that belongs to any
 * @throws {ClewError} CLEW_NETWORK_AMBIGUOUS with the number of blocks of each network
 */
export function chooseNetwork(
  scan: SourceScan,
  wanted: NetworkName | undefined,
): Network | undefined {
  if (wanted !== undefined) return NETWORKS[wanted];
  if (scan.sharedGenesis !== undefined) {
    const { name } = scan.sharedGenesis;
    throw new ClewError(
      'CLEW_NETWORK_AMBIGUOUS',
      `The blocks begin with the first one of ${name}, which shares the magic of another network: say --network ${name}.`,
      { network: name },
    );
  }
  const names = [...scan.framed].filter(([, { count }]) => count > 0).map(([name]) => name);
  if (names.length > 1) throw ambiguous(scan);
  if (names.length === 0) {
    if (scan.bareNetworks.length === 0) {
      // Nothing but headers that failed: they say at least whose they were.
      const [only] = scan.framed.keys();
      return only === undefined ? undefined : NETWORKS[only];
    }
    const [first, ...others] = scan.bareNetworks;
    names.push(...first!.filter((name) => others.every((networks) => networks.includes(name))));
  }
  const [name] = names;
  const isShared = scan.bareNetworks.every((networks) => networks.includes(name!));
  if (names.length !== 1 || !isShared) throw ambiguous(scan);
  return NETWORKS[name!];
}
