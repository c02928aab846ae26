import type { Api } from './api.js';

/** Of a group, or of a transactional id. */
export type CoordinatorKind = 'group' | 'transaction';

export interface FindCoordinatorRequest {
  readonly kind: CoordinatorKind;
  readonly key: string;
}

export interface FindCoordinatorAnswer {
  readonly error: number;
  readonly message: string | null;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** Which broker decides about a group or a transactional id. The first such question creates the cluster's inner topic. */
export const FIND_COORDINATOR: Api<FindCoordinatorRequest, FindCoordinatorAnswer> = {
  name: 'FindCoordinator',
  key: 10,
  version: 2,
  flexible: false,
  encode(to, { kind, key }) {
    to.string(key);
    to.int8(kind === 'group' ? 0 : 1);
  },
  decode(from) {
    from.int32();
    return {
      error: from.int16(),
      message: from.nullableString(),
      nodeId: from.int32(),
      host: from.string(),
      port: from.int32(),
    };
  },
};
