import { z } from 'zod';
import { ApiError } from './errors.ts';

export const STATUSES = ['placed', 'baking', 'ready', 'collected', 'cancelled'] as const;
export type Status = (typeof STATUSES)[number];

export const orderSchema = z.strictObject({
  customer: z.string().trim().min(1).max(100),
  note: z.string().max(500).optional(),
  items: z
    .array(
      z.strictObject({
        cake: z.string().trim().min(1).max(100),
        quantity: z.int().min(1).max(50),
        unitPriceCents: z.int().min(1).max(1_000_000),
      }),
    )
    .min(1)
    .max(50),
});
export type NewOrder = z.infer<typeof orderSchema>;

export const changeSchema = z.strictObject({ status: z.enum(STATUSES) });

export const pageSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'must be the nextCursor of an earlier answer')
    .optional(),
});
export type Page = z.infer<typeof pageSchema>;

export const idSchema = z.uuid();

/** @throws ApiError 400 that names every field that is wrong */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => ({
    path: issue.path.join('.'),
    message: issue.message,
  }));
  throw new ApiError(400, 'invalid', 'Some fields are not as they should be.', fields);
}
