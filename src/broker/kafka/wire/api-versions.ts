import type { Api } from './api.js';

export interface VersionRange {
  readonly key: number;
  readonly min: number;
  readonly max: number;
}

export interface ApiVersionsAnswer {
  readonly error: number;
  readonly versions: readonly VersionRange[];
}

/** What a broker understands: the first request of a connection. Version 0 is known to every broker. */
export const API_VERSIONS: Api<null, ApiVersionsAnswer> = {
  name: 'ApiVersions',
  key: 18,
  version: 0,
  flexible: false,
  encode() {},
  decode(from) {
    const error = from.int16();
    return { error, versions: from.array((f) => ({ key: f.int16(), min: f.int16(), max: f.int16() })) };
  },
};
