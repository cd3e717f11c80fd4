/** The pages of `clew serve` as one table. */
import type { Routes } from './router.ts';
import { addressPage } from './routes/address-page.ts';
import { clusterHistoryPage } from './routes/cluster-history-page.ts';
import { clusterPage } from './routes/cluster-page.ts';
import { overviewPage } from './routes/overview-page.ts';
import { reportFile, reportsPage } from './routes/reports-page.ts';
import { rulesPage } from './routes/rules-page.ts';
import { search } from './routes/search.ts';
import { transactionPage } from './routes/transaction-page.ts';
import { whyFormPage, whyPage } from './routes/why-page.ts';
import type { Site } from './site.ts';

export function siteRoutes(site: Site): Routes {
  return {
    '/': (request) => overviewPage(site, request),
    '/search': (request) => search(site, request),
    '/tx/:txid': (request) => transactionPage(site, request),
    '/address/:address': (request) => addressPage(site, request),
    '/cluster/:address': (request) => clusterPage(site, request),
    '/cluster/:address/history': (request) => clusterHistoryPage(site, request),
    '/why': (request) => whyFormPage(site, request),
    '/why/:from/:to': (request) => whyPage(site, request),
    '/rules': () => rulesPage(),
    '/reports': (request) => reportsPage(site, request),
    '/reports/:number/:file': (request) => reportFile(site, request),
  };
}
