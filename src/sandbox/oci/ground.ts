/**
 * What a sandbox stands on before it has a process: its network, its /tmp, its slot, its user ids and
 * the description that a runtime reads. Laid together, removed together.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeFolder } from '../process/scratch.ts';
import type { SandboxSpec } from '../sandbox.ts';
import { HOST_SHELL, supervisorArgs } from '../supervisor.ts';
import { bundleConfig, type Exposure } from './bundle.ts';
import type { CodeTrees } from './code-trees.ts';
import { initArgs } from './init.ts';
import type { PortableShell } from './portable-shell.ts';
import { type RootFolder, USER } from './root-folder.ts';
import { makeSlot, type Slot } from './slot.ts';
import type { UserRanges } from './user-ranges.ts';

/** The private network of one sandbox; network/ has the whole of it. */
export interface NetworkSlot {
  readonly netnsPath: string;
  readonly address: string;
  setEgress(egress: SandboxSpec['egress']): Promise<void>;
  release(): void;
}

/** The file system of one sandbox's /tmp; scratch/ has the whole of it. */
export interface ScratchSlot {
  /** Folder of the host to mount at /tmp. */
  readonly path: string;
  /** The sandbox has it mounted: it need not be on the machine any longer. */
  detach(): void;
  resize(sizeMb: number): Promise<void>;
  release(): Promise<void>;
}

export interface GroundParts {
  readonly folders: { readonly bundles: string; readonly slots: string };
  readonly root: RootFolder;
  readonly ranges: UserRanges;
  readonly trees: CodeTrees;
  readonly exposures: readonly Exposure[];
  /** Whether the runtime passes on more than the standard descriptors. */
  readonly inherits: boolean;
  /** The shell that images are started by. */
  readonly shell: () => Promise<PortableShell>;
  readonly network: { take(egress: SandboxSpec['egress']): Promise<NetworkSlot> };
  readonly scratch: { take(order: { sizeMb: number; uid: number; gid: number }): Promise<ScratchSlot> };
}

export interface Ground {
  readonly network: NetworkSlot;
  readonly scratch: ScratchSlot;
  readonly slot: Slot;
  readonly bundle: string;
  /** Once no process of the sandbox lives. Never fails. */
  remove(): Promise<void>;
}

function argsOf(
  { argv, companions }: SandboxSpec,
  { shell, inherits }: { shell: PortableShell | null; inherits: boolean },
): string[] {
  const start = { shell: shell?.argv ?? HOST_SHELL, inherits };
  return companions ? supervisorArgs(argv, companions, start) : initArgs(argv, start);
}

/** @throws whatever its parts throw; nothing is left then */
export async function layGround(
  parts: GroundParts,
  { spec, cgroupPath }: { spec: SandboxSpec; cgroupPath: string },
): Promise<Ground> {
  const bundle = join(parts.folders.bundles, spec.id);
  const firstId = parts.ranges.take();
  const owner = { uid: firstId + USER.uid, gid: firstId + USER.gid };
  const [network, scratch] = await Promise.allSettled([
    parts.network.take(spec.egress),
    parts.scratch.take({ sizeMb: spec.ephemeralMb, ...owner }),
  ]);
  let slot: Slot | null = null;
  const remove = async () => {
    await slot?.remove();
    await removeFolder(bundle);
    if (scratch.status === 'fulfilled') await scratch.value.release().catch(() => {});
    if (network.status === 'fulfilled') network.value.release();
    parts.ranges.giveBack(firstId);
  };
  try {
    if (network.status === 'rejected') throw network.reason;
    if (scratch.status === 'rejected') throw scratch.reason;
    const shell = spec.image ? await parts.shell() : null;
    slot = makeSlot(join(parts.folders.slots, spec.id), parts);
    const config = bundleConfig({
      root: parts.root,
      args: argsOf(spec, { shell, inherits: parts.inherits }),
      environment: { HOME: '/tmp', TMPDIR: '/tmp', ...spec.environment },
      memoryMb: spec.memoryMb,
      firstId,
      cgroupPath,
      netnsPath: network.value.netnsPath,
      slot: slot.path,
      scratch: scratch.value.path,
      exposures: parts.exposures,
      codeDir: spec.codeDir,
      image: spec.image && shell ? { ...spec.image, shell: shell.folder } : null,
      opt: spec.opt ?? null,
    });
    mkdirSync(bundle, { mode: 0o700 });
    writeFileSync(join(bundle, 'config.json'), config, { mode: 0o600 }); // it holds the function's environment
    return { network: network.value, scratch: scratch.value, slot, bundle, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
