import sharp from 'sharp';

const TYPES = { 'image/jpeg': 'jpeg', 'image/png': 'png' };
const MAX_PIXELS = 40_000_000;

/** Resizes the picture in the request's body to `?width=` (default 200). API Gateway payload 2.0. */
export async function handler(event) {
  const type = event.headers?.['content-type']?.split(';')[0].trim();
  const format = TYPES[type];
  if (format === undefined) return problem(415, `Send image/jpeg or image/png, not ${type ?? 'nothing'}.`);

  const width = Number(event.queryStringParameters?.width ?? 200);
  if (!Number.isInteger(width) || width < 1 || width > 4096) {
    return problem(400, 'width must be a whole number from 1 to 4096.');
  }
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  try {
    const picture = sharp(bytes, { limitInputPixels: MAX_PIXELS });
    const found = await picture.metadata();
    if (found.format !== format) return problem(415, `The body is ${found.format}, not ${format}.`);
    const small = await picture
      .rotate()
      .resize({ width, withoutEnlargement: true })
      .toFormat(format)
      .toBuffer();
    return {
      statusCode: 200,
      headers: { 'content-type': type },
      body: small.toString('base64'),
      isBase64Encoded: true,
    };
  } catch (error) {
    if (/pixel limit/i.test(error.message)) return problem(413, 'A picture may have at most 40 megapixels.');
    return problem(400, `This is no picture that can be read: ${error.message}`);
  }
}

function problem(statusCode, message) {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}
