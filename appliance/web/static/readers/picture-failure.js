// What is said when a picture does not come: the drive is gone, the box does not answer, or this one is damaged.
import { opened, saySentence } from "./shell.js";

/** Say why `frame` is not seen; `again` tries once more, `on` goes past it. */
export function sayPictureFailure(frame, error, { again, on }) {
  opened();
  if (error?.status === 503) saySentence("drive_gone", again, {}, "todo");
  else if (error?.status === 0) saySentence("disconnected", again, {}, "todo");
  else saySentence("damaged.page", on, { pages: frame.number }, "todo");
}
