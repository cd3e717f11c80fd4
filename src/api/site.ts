/** What the pages of `clew serve` speak of, and the frame that they share. */
import type { NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import type { Following } from '../pipeline/following.ts';
import type { OpenNetwork } from '../pipeline/open-network.ts';
import type { Unconfirmed } from '../pipeline/unconfirmed.ts';
import { type AsOf, errorPage, type PageParts, pageAnswer, type SiteParts } from './page.ts';
import type { ReportFolder } from './report-folder.ts';
import { type Answer, jsonAnswer, type PageRequest } from './router.ts';

/** What the pages speak of. */
export interface Site {
  /** The network shown; undefined when nothing is indexed and only reports are shown. */
  readonly network: NetworkName | undefined;
  readonly reports: readonly ReportFolder[];
  /** How following the node of the network is getting on, when one is followed. */
  readonly following?: () => Following;
  /** What waits in the mempool of that node: shown apart from facts. */
  readonly unconfirmed?: Unconfirmed;
  useNetwork<T>(network: NetworkName, work: (open: OpenNetwork) => Promise<T>): Promise<T>;
}

const PARTS: SiteParts = {
  navigation: [
    ['/', 'Overview'],
    ['/reports', 'Reports'],
    ['/why', 'Why together?'],
    ['/rules', 'Rules'],
  ],
};

export function siteErrorPage(error: ClewError): Answer {
  return errorPage(PARTS, error);
}

/** A page in the frame of the site. */
export function sitePage(parts: PageParts): Answer {
  return pageAnswer(PARTS, parts);
}

/**
 * Answers with the network that is shown: as JSON for programs, else as a page made from the same answer.
 *
 * @throws {ClewError} CLEW_LEDGER_EMPTY when no network is shown
 */
export function answerFromNetwork<T>(
  site: Site,
  request: PageRequest,
  ask: (open: OpenNetwork) => Promise<T>,
  show: (
    answer: T,
    open: OpenNetwork,
  ) => Omit<PageParts, 'asOf'> | Promise<Omit<PageParts, 'asOf'>>,
): Promise<Answer> {
  if (site.network === undefined) {
    throw new ClewError('CLEW_LEDGER_EMPTY', 'Nothing has been indexed yet.');
  }
  return site.useNetwork(site.network, async (open) => {
    const answer = await ask(open);
    if (request.wantsJson) return jsonAnswer(answer);
    return sitePage({ ...(await show(answer, open)), asOf: await tipOf(open) });
  });
}

async function tipOf(open: OpenNetwork): Promise<AsOf> {
  const flow = await open.flow();
  const { height, hash } = open.ledger.tipOf(flow);
  const timeSeconds = flow.blockTime.at(flow.blockCount - 1);
  const clusters = open.shownClustersHeight;
  return {
    network: open.network.name,
    height,
    hash,
    timeSeconds,
    ...(clusters !== undefined && clusters < height && { clustersHeight: clusters }),
  };
}
