"""Other libraries' objects, as people pass them: PyTorch's loaders and tensors, joblib's workers."""

import numpy as np
import pytest

from cutaway import SGD, DataLoader, Dataset, Network, fit, grid

RNG = np.random.default_rng(0)
X = RNG.standard_normal((64, 12)).astype(np.float32)
LABELS = np.argmax(X[:, :3], axis=1)


@pytest.mark.needs("torch")
def test_pytorch_s_loader_trains_and_validates_as_ours():
    import torch

    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(LABELS))
    theirs = torch.utils.data.DataLoader(data, batch_size=16)
    ours = DataLoader(Dataset(X, LABELS), batch_size=16)
    results = []
    for loader in (ours, theirs):
        network = Network((12, 8, 3))
        history = fit(network, loader, optimizer=SGD(0.5), epochs=3, valid=loader)
        results.append(history.epochs[-1])
    assert results[0]["valid_accuracy"] == results[1]["valid_accuracy"]
    assert results[0]["train_loss"] == pytest.approx(results[1]["train_loss"], rel=1e-4)


@pytest.mark.needs("torch")
def test_pytorch_s_tensors_are_rows_or_told_in_our_words():
    import torch

    network = Network((12, 8, 3))
    tensor = torch.from_numpy(X)
    np.testing.assert_array_equal(network.predict(tensor), network.predict(X))
    for other in (tensor.clone().requires_grad_(), tensor.bfloat16(), tensor.to_sparse()):
        with pytest.raises(
            TypeError, match=r"^predict: x must be numbers that NumPy can read, got T"
        ):
            network.predict(other)


@pytest.mark.needs("torch")
def test_a_layer_of_pytorch_s_is_drawn_with_its_layout():
    import torch

    weight = torch.nn.Linear(49, 6).weight.detach()
    expected = grid(weight.numpy().T)
    np.testing.assert_array_equal(np.asarray(grid(weight, layout="out,in")), np.asarray(expected))


@pytest.mark.needs("sklearn")
def test_a_sparse_matrix_is_told_what_to_pass():
    from scipy.sparse import csr_matrix

    with pytest.raises(
        TypeError, match=r"^predict: x must be real numbers, got csr_matrix; .*toarray"
    ):
        Network((12, 3)).predict(csr_matrix(X))


@pytest.mark.needs("sklearn")
def test_a_network_in_a_joblib_worker_takes_the_worker_s_threads(monkeypatch):
    from joblib import Parallel, delayed

    for name in (
        "CUTAWAY_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
    ):
        monkeypatch.delenv(name, raising=False)
    network = Network((12, 8, 3))
    x = X[:4]
    expected = network.forward(x)
    results = Parallel(n_jobs=2)(
        delayed(lambda n: (n.threads, n, n.forward(x)))(network) for _ in "ab"
    )
    for threads, returned, output in results:
        assert threads <= max(1, network.threads // 2)
        assert returned.fingerprint() == network.fingerprint()
        np.testing.assert_array_equal(output, expected)
