// Reads QR codes from the camera, a few times a second, until somebody takes what it reads.

/** Why there is nothing to see. */
export type CameraTrouble = 'none' | 'refused' | 'busy' | 'failed';

export class NoCamera extends Error {
  constructor(readonly trouble: CameraTrouble) {
    super(`no camera: ${trouble}`);
    this.name = 'NoCamera';
  }
}

const LOOK_EVERY_MS = 120;
const LONGEST_SIDE = 720;

/** Shows the camera in `video`, and calls back with what codes say. Runs until it is told to stop. */
export async function watchCamera(
  video: HTMLVideoElement,
  read: (text: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const { decodeQR } = await reader();
  const stream = await open();
  const end = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  if (stop.aborted) return end();
  stop.addEventListener('abort', end);
  video.srcObject = stream;
  await video.play();

  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  while (pen && !stop.aborted) {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight, 1));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    if (canvas.width > 0 && canvas.height > 0) {
      pen.drawImage(video, 0, 0, canvas.width, canvas.height);
      const text = inside(() => decodeQR(pen.getImageData(0, 0, canvas.width, canvas.height)));
      if (text !== null) read(text);
    }
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
  }
}

/** A picture without a code is the usual case, and no error. */
function inside(decode: () => string): string | null {
  try {
    return decode();
  } catch {
    return null;
  }
}

async function reader(): Promise<typeof import('qr/decode.js')> {
  try {
    return await import('qr/decode.js');
  } catch {
    throw new NoCamera('failed');
  }
}

async function open(): Promise<MediaStream> {
  // Browsers have no cameras to offer where a page is not served safely.
  if (!navigator.mediaDevices?.getUserMedia) throw new NoCamera('none');
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } },
    });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'NotAllowedError' || name === 'SecurityError') throw new NoCamera('refused');
    if (name === 'NotReadableError' || name === 'AbortError') throw new NoCamera('busy');
    throw new NoCamera('none');
  }
}
