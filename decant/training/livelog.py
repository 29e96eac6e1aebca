"""How a training is doing, while it runs: a CSV that anybody may follow, beside the work folder."""

from pathlib import Path

from transformers import TrainerCallback


class LiveLog(TrainerCallback):
    """A CSV that grows while training runs: step, epoch, loss, learning_rate, and the valid metrics of each epoch."""

    COLUMNS = ("step", "epoch", "loss", "learning_rate", "valid_nll", "valid_macro_f1", "valid_accuracy")

    def __init__(self, file: Path):
        self.file = file

    def on_train_begin(self, args, state, control, **kwargs):
        if state.is_world_process_zero and not (state.global_step and self.file.exists()):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.write_text(",".join(self.COLUMNS) + "\n", encoding="utf-8")

    def on_log(self, args, state, control, logs, **kwargs):
        if state.is_world_process_zero and ("loss" in logs or "eval_nll" in logs):
            row = {key.replace("eval_", "valid_"): value for key, value in logs.items()}
            row |= {"step": state.global_step, "epoch": round(state.epoch, 4)}
            with self.file.open("a", encoding="utf-8") as stream:
                stream.write(",".join(f"{row[key]:.6g}" if key in row else "" for key in self.COLUMNS) + "\n")
