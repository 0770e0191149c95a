/**
 * The control plane's verbs, for every edge that changes or shows what is deployed.
 *
 * A verb that changes something answers when this node serves the change: nobody gets the old version
 * after being told of the new one.
 */
import type { App } from '../model/index.ts';
import type {
  ControlOptions,
  DeployAnswer,
  DestroyAnswer,
  ListAnswer,
  RollbackAnswer,
  VersionsAnswer,
} from './answers.ts';
import { deploy } from './deploy.ts';
import { destroy } from './destroy.ts';
import { list, rollback, versions } from './versions.ts';

export interface Control {
  /**
   * Publishes an app: all of it or nothing.
   *
   * @param artifacts SHA-256 of each function's package, by the function's key; already stored
   * @throws {Fault} `artifact-not-found`, `bad-request`, `manifest-invalid` (a host of the platform's own domain),
   *   `name-taken`, `route-taken`, `deploy-in-progress`, `database-unavailable`
   */
  deploy(app: App, artifacts: Readonly<Record<string, string>>): Promise<DeployAnswer>;
  /** @param to null: the version that was live before. @throws {Fault} `function-not-found`, `version-not-found` */
  rollback(wanted: { readonly name: string; readonly to: number | null }): Promise<RollbackAnswer>;
  /** @throws {Fault} `function-not-found` */
  versions(name: string): Promise<VersionsAnswer>;
  /** What is deployed. Answers from memory, also while the database is away. */
  list(): ListAnswer;
  /** @param data delete the app's databases too, for good. @throws {Fault} `app-not-found` */
  destroy(wanted: { readonly app: string; readonly data: boolean }): Promise<DestroyAnswer>;
}

export function createControl(options: ControlOptions): Control {
  return {
    deploy: (app, artifacts) => deploy(options, app, artifacts),
    rollback: (wanted) => rollback(options, wanted),
    versions: (name) => versions(options, name),
    list: () => list(options),
    destroy: (wanted) => destroy(options, wanted),
  };
}
