/**
 * The control plane's verbs, for every edge that changes or shows what is deployed.
 *
 * A verb that changes something answers when this node serves the change: nobody gets the old version
 * after being told of the new one. Deploys and destroys of one app run one after the other, each as a
 * whole: half of a destroy within a deploy would leave functions without their databases.
 */
import type { App } from '../model/index.ts';
import { withAppLock } from '../store/index.ts';
import type {
  ControlOptions,
  DeployAnswer,
  DestroyAnswer,
  ListAnswer,
  RollbackAnswer,
  VersionsAnswer,
} from './answers.ts';
import { AppTurns } from './app-turns.ts';
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
  /** @param data delete the app's databases too, for good. @throws {Fault} `app-not-found`, `deploy-in-progress` */
  destroy(wanted: { readonly app: string; readonly data: boolean }): Promise<DestroyAnswer>;
}

export function createControl(options: ControlOptions): Control {
  const turns = new AppTurns(options.clock);
  const alone = <T>(app: string, work: () => Promise<T>) =>
    turns.run(app, () => withAppLock(options.sql, app, work));
  return {
    deploy: (app, artifacts) => alone(app.app, () => deploy(options, app, artifacts)),
    rollback: (wanted) => rollback(options, wanted),
    versions: (name) => versions(options, name),
    list: () => list(options),
    destroy: (wanted) => alone(wanted.app, () => destroy(options, wanted)),
  };
}
