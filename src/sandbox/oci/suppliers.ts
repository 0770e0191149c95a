/** Whether what is promised of isolation holds, so that `auto` may choose the `oci` driver. */
export const WHOLE = false;
