import type { HealthCheck } from '../executor/thread/stream-thread.js';
import type { EngineHealth, HealthDetail } from './engine.js';

/** @param reason what is wrong; null when nothing is */
export function healthDetail(reason: string | null): HealthDetail {
  return reason === null ? { isHealthy: true } : { isHealthy: false, reason };
}

/** Adds what the runtime says. Where it speaks of something that is told already, both have to be well. */
export function withHealthChecks(
  details: EngineHealth['details'],
  checks: readonly HealthCheck[],
): EngineHealth['details'] {
  const merged: Record<string, HealthDetail> = { ...details };
  for (const { name, isHealthy, reason } of checks) {
    const before = merged[name];
    if (before !== undefined && !before.isHealthy) continue;
    merged[name] = reason === null ? { isHealthy } : { isHealthy, reason };
  }
  return { ...details, ...merged };
}
