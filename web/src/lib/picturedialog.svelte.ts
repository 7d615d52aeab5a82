// The picture that is shown large, among the others of its message.
import type { Attachment } from "./api";
import { shownPictures } from "./format";

class PictureDialog {
  /** The pictures of the message; none while nothing is shown large. */
  files = $state.raw<readonly Attachment[]>([]);
  at = $state(0);

  /** Shows a picture, of these files of its message. */
  show(files: Attachment[], id: number): void {
    this.files = shownPictures(files);
    this.at = Math.max(0, this.files.findIndex((file) => file.id === id));
  }

  /** Goes so many pictures on, from the last to the first. */
  move(by: number): void {
    const { length } = this.files;
    if (length > 0) this.at = (this.at + by + length) % length;
  }

  close(): void {
    this.files = [];
  }
}

export const pictureDialog = new PictureDialog();
