"""Options that commands share, and what click cannot parse by itself."""

from cutaway import load


def test_hidden_takes_several_layers(call, data, tmp_path):
    code, _, _ = call("train", "--hidden", 32, 16, "--data", data, "--out", tmp_path,
                      "--no-film", "--epochs", 1)  # fmt: skip
    assert code == 0
    assert load(tmp_path / "model.safetensors").architecture.sizes == (64, 32, 16, 4)
