/** `skein image add PATH`: stores a container image on the node, for AWS's APIs to name. */
import { basename } from 'node:path';
import { type Command, homeOf } from '../command.ts';
import { connectNode } from '../node-client.ts';
import { bytes, note, print, printJson, usageFault } from '../output.ts';
import { packImage } from '../pack/index.ts';

export const command: Command = {
  options: {},
  words: { min: 2, max: 2 },
  async run(context) {
    const [verb, path = ''] = context.words;
    if (verb !== 'add')
      throw usageFault('Write "skein image add PATH", with what "docker save" wrote or an OCI layout.');
    const client = connectNode(homeOf(context));
    using packed = await packImage({ root: '.', path });
    if (!(await client.hasArtifact(packed.sha256))) {
      note(`uploading ${bytes(packed.bytes)}`);
      await client.putImage(packed.sha256, packed);
    }
    const name = basename(path)
      .replace(/\.[^.]*$/, '')
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-');
    const imageUri = `${name || 'image'}@sha256:${packed.sha256}`;
    if (context.json) printJson({ imageUri, digest: packed.sha256, bytes: packed.bytes });
    else print(imageUri);
    return 0;
  },
};
