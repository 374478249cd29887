// How much two pictures differ: the share of their fields, of 8 by 8 pixels, whose mean colour does; 1 if their sizes do.
async ([one, other]) => {
  const pixels = async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  };
  const [a, b] = [await pixels(one), await pixels(other)];
  if (a.width !== b.width || a.height !== b.height) return 1;
  const SIDE = 8, MOST = 6; // of 255
  let fields = 0, differ = 0;
  for (let top = 0; top + SIDE <= a.height; top += SIDE) {
    for (let left = 0; left + SIDE <= a.width; left += SIDE) {
      const sums = [0, 0, 0];
      for (let y = top; y < top + SIDE; y++) {
        for (let x = left; x < left + SIDE; x++) {
          const at = 4 * (y * a.width + x);
          for (let colour = 0; colour < 3; colour++) sums[colour] += a.data[at + colour] - b.data[at + colour];
        }
      }
      fields += 1;
      if (sums.some((sum) => Math.abs(sum) > MOST * SIDE * SIDE)) differ += 1;
    }
  }
  return differ / fields;
}
