/** The code of a request: a zip in it, or an image that is stored here already. */

import { LIMITS } from '../../../model/index.ts';
import type { FunctionCode } from '../models/lambda.types.ts';
import { AwsError } from '../protocol/index.ts';
import type { LambdaParts } from './parts.ts';
import { invalid } from './target.ts';

export type CodeSource = Pick<
  FunctionCode,
  | 'ZipFile'
  | 'S3Bucket'
  | 'S3Key'
  | 'S3ObjectVersion'
  | 'S3ObjectStorageMode'
  | 'ImageUri'
  | 'SourceKMSKeyArn'
>;

/** @throws {AwsError} for code that no function of this kind can have, before anything is stored */
export function checkCode(source: CodeSource, packageType: 'Zip' | 'Image'): void {
  if (source.S3ObjectStorageMode !== undefined && source.S3ObjectStorageMode !== 'COPY')
    throw invalid('S3ObjectStorageMode is not supported: a package is always copied.');
  if (source.S3Bucket !== undefined || source.S3Key !== undefined || source.S3ObjectVersion !== undefined) {
    // There are no buckets here yet, so this one does not exist.
    throw invalid(
      'Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist',
    );
  }
  if (packageType === 'Image') {
    if (source.ZipFile !== undefined || source.ImageUri === undefined)
      throw invalid('Please provide ImageUri when the packageType is Image.');
    return;
  }
  if (source.ImageUri !== undefined)
    throw invalid('Please do not provide ImageUri when the packageType is Zip.');
  if (source.ZipFile === undefined) throw invalid('Please provide a source for function code.');
  checkZip(source.ZipFile);
}

/** What a zip without a single entry begins with: the end of its directory. */
const NO_ENTRIES = Buffer.from('PK\x05\x06', 'latin1');

function checkZip(zip: Buffer): void {
  if (zip.length === 0 || zip.subarray(0, NO_ENTRIES.length).equals(NO_ENTRIES))
    throw invalid('Uploaded file must be a non-empty zip');
  if (zip.length <= LIMITS.inlinePackageBytes) return;
  throw new AwsError(
    'RequestEntityTooLargeException',
    `Zipped size must be smaller than ${LIMITS.inlinePackageBytes} bytes`,
    { status: 413, members: { Type: 'User' } },
  );
}

/** @returns the digest of the stored package */
export async function storeCode(parts: LambdaParts, { ZipFile, ImageUri }: CodeSource): Promise<string> {
  if (ZipFile !== undefined) return (await parts.putPackage(ZipFile)).digest;
  const digest = /@sha256:([0-9a-f]{64})$/.exec(ImageUri ?? '')?.[1];
  if (digest !== undefined && (await parts.hasPackage(digest))) return digest;
  throw invalid(
    `Source image ${ImageUri} does not exist. Provide a valid source image: one that is stored on this node, as NAME@sha256:DIGEST.`,
  );
}
