/** The long walk beside a real node: 100 restarts of either side, 20 reorganisations up to 50 deep. */
import { seededRandom } from '../../src/bytes/seeded-random.ts';
import { groupedNumber } from '../../src/units/number-text.ts';
import { findBtcd } from '../support/btcd-node.ts';
import { FollowWalk } from '../support/follow-walk.ts';

const RESTARTS = 100;
const REORGANISATIONS = 20;
const DEPTH_MAX = 50;

/**
 * What was done, as Markdown.
 *
 * @param folder for the ledgers
 * @param note told how far it is
 */
export async function followNode(
  folder: string,
  seed: string,
  note: (text: string) => void,
): Promise<string> {
  if (findBtcd() === undefined) return 'btcd is missing (`npm run services`): NOTHING WAS DONE.';
  const result = await new FollowWalk(folder, seededRandom(seed)).go({
    restarts: RESTARTS,
    reorganisations: REORGANISATIONS,
    depthMax: DEPTH_MAX,
    onStep: note,
  });
  const { clewKills, killsAtWork, nodeKills, nodeStops, depths } = result;
  const { blocks, transactions, seconds, seenReorganisations } = result;
  return `\`clew follow\` beside btcd was killed with SIGKILL ${clewKills} times (${killsAtWork} of them after it had loaded something since its start); the
node was killed ${nodeKills} times and stopped ${nodeStops} times, ${clewKills + nodeKills + nodeStops} restarts in all, in ${groupedNumber(Math.round(seconds))} seconds. ${depths.length} reorganisations took ${depths.join(', ')} blocks;
Clew told of ${seenReorganisations} exchanges of branches. In the end \`clew check\` found nothing, and every value of every column, every key, every row of the tables
(but where blocks stand) and every counter was that of a ledger made from block files of the node's last chain: ${groupedNumber(blocks)} blocks, ${groupedNumber(transactions)} transactions.`;
}
