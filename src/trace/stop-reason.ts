/** Why following the money ended at a place, as one byte while tracing. */
import type { StopReason } from './investigation.ts';

/** The code of a place from where the money was followed on: no stop. */
export const FOLLOWED = 0;

/** Codes by reason. They are not stored anywhere. */
export const STOP = {
  service: 1,
  coinjoin: 2,
  depth: 3,
  time: 4,
  value: 5,
  budget: 6,
  unspent: 7,
  unspendable: 8,
  fee: 9,
  mined: 10,
  unknown_prevout: 11,
  self: 12,
  edge_of_ledger: 13,
  large_cluster: 14,
  not_fetched: 15,
  side_ledger: 16,
} as const satisfies Record<StopReason, number>;

/** All reasons, in the order of their codes, which is the order of lists. */
export const STOP_REASONS = Object.keys(STOP) as readonly StopReason[];

/**
 * The reason with a code, or undefined for FOLLOWED.
 *
 * @example stopReason(STOP.service) // 'service'
 */
export function stopReason(code: number): StopReason | undefined {
  return code === FOLLOWED ? undefined : STOP_REASONS[code - 1];
}

/** Whether a way ended because of who holds the output there: then, backward, the next output is what it paid out. */
export function isHolderStop(reason: StopReason): boolean {
  return reason === 'service' || reason === 'self' || reason === 'large_cluster';
}
