/** The longest side of a picture that is recorded and passed on, px. */
export const maxPictureSide = 8192;
/** The largest area, px: that of the largest screens that people share. */
export const maxPictureArea = 5120 * 2880;

/** Whether a picture is larger than what is recorded, passed on or decoded. */
export function isPictureTooLarge({ width, height }: { width: number; height: number }): boolean {
  return Math.max(width, height) > maxPictureSide || width * height > maxPictureArea;
}
