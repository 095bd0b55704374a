"""Estimator: scikit-learn's checks, its searches under every kind of workers, MLPClassifier's meanings."""

import copy
import importlib
import pickle
import re
import sys
import warnings

import numpy as np
import pytest

import cutaway

pytestmark = [
    pytest.mark.needs("sklearn"),
    pytest.mark.filterwarnings("ignore:Classifier. max_iter:UserWarning"),
]


@pytest.fixture
def digits():
    """Pictures (400, 64) from 0 to 1, and their digits."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return x[:400] / 16, y[:400]


def fitted(data, **settings):
    return cutaway.Classifier((12,), **{"random_state": 0, "max_iter": 20} | settings).fit(*data)


def bits(model):
    return model.network_.fingerprint()


def pytest_generate_tests(metafunc):
    """scikit-learn's own checks, where it is there to be asked."""
    if "check" in metafunc.fixturenames:
        try:
            checks = importlib.import_module("sklearn.utils.estimator_checks")
        except ModuleNotFoundError:
            metafunc.parametrize(("estimator", "check"), [(None, None)])
        else:
            mark = checks.parametrize_with_checks([cutaway.Classifier()])
            metafunc.parametrize(*mark.args, **mark.kwargs)


def test_scikit_learn_s_checks_pass(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("settings", "afresh"),
    [
        (dict(solver="sgd", activation="logistic", learning_rate_init=0.1), dict(momentum=0.8)),
        (dict(solver="adam", activation="tanh", batch_size=50), dict(beta_1=0.8, epsilon=1e-6)),
        (
            dict(solver="adam", activation="relu", learning_rate_init=0.02, beta_2=0.9),
            dict(beta_1=0.7),
        ),
    ],
)
def test_parameters_of_mlp_classifier_s_name_train_as_they_do_there(digits, settings, afresh):
    from sklearn.neural_network import MLPClassifier

    common = dict(
        hidden_layer_sizes=(12,), shuffle=False, warm_start=True, random_state=0, **settings
    )
    theirs = MLPClassifier(alpha=0, nesterovs_momentum=False, max_iter=1, **common)
    ours = cutaway.Classifier(max_iter=1, **common)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(*digits)
    ours.fit(*digits)
    for layer, (weights, biases) in enumerate(zip(theirs.coefs_, theirs.intercepts_, strict=True)):
        ours.network_.set_weights(layer, np.vstack([biases, weights]))
    for model in (ours, theirs):
        model.set_params(max_iter=5, **afresh)  # other constants: no memory of what was before
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(*digits)
    np.testing.assert_allclose(ours.loss_curve_[1:], theirs.loss_curve_[1:], rtol=1e-4)


@pytest.mark.parametrize("early", [False, True])
def test_a_training_that_no_longer_improves_ends(digits, early):
    model = fitted(digits, early_stopping=early, max_iter=500, n_iter_no_change=3, tol=0.01)
    assert model.n_iter_ < 500
    scores = model.validation_scores_ if early else [-loss for loss in model.loss_curve_]
    assert len(scores) == model.n_iter_
    assert (np.diff(np.maximum.accumulate(scores))[-4:] < 0.01).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(digits, early_stopping=early, max_iter=500, n_iter_no_change=3, tol=0.01)


def test_early_stopping_ends_with_the_weights_that_were_best(digits):
    from sklearn.model_selection import train_test_split

    model = fitted(digits, early_stopping=True, max_iter=60, learning_rate_init=0.05, tol=0.0)
    x, y = digits
    _, x, _, y = train_test_split(x, y, test_size=0.1, stratify=y, random_state=model._seed)
    assert model.validation_scores_[-1] < max(model.validation_scores_)
    assert model.score(x, y) == max(model.validation_scores_)


def test_a_training_that_max_iter_ends_is_told(digits):
    from sklearn.exceptions import ConvergenceWarning

    with pytest.warns(ConvergenceWarning, match=r"^Classifier: max_iter=2 passes ended"):
        fitted(digits, max_iter=2)


def test_labels_may_be_text_and_come_back_so(digits):
    x, y = digits
    names = np.array("zero one two three four five six seven eight nine".split())
    model = fitted((x, names[y]), learning_rate_init=0.01)
    assert set(model.predict(x)) <= set(names)
    assert model.score(x, names[y]) > 0.8
    assert model.network_.class_names == tuple(sorted(names)) == tuple(model.classes_)


def test_columns_keep_their_names(digits):
    pandas = pytest.importorskip("pandas")
    x, y = digits
    frame = pandas.DataFrame(x, columns=[f"pixel {n}" for n in range(64)])
    model = fitted((frame, y))
    assert model.feature_names_in_.tolist() == list(frame.columns)
    assert (model.predict(frame) == fitted(digits).predict(x)).all()


def test_a_random_state_gives_the_same_bits_for_any_number_of_threads(digits):
    assert bits(fitted(digits, threads=1)) == bits(fitted(digits, threads=2))
    assert bits(fitted(digits)) != bits(fitted(digits, random_state=1))
    state = np.random.RandomState(0)
    assert bits(fitted(digits, random_state=state)) == bits(fitted(digits))
    assert bits(fitted(digits, random_state=None)) != bits(fitted(digits, random_state=None))


def test_every_pass_has_an_order_of_its_own_that_the_random_state_determines(digits):
    still = dict(solver="sgd", learning_rate_init=0, batch_size=50, warm_start=True)
    first, other = (fitted(digits, random_state=seed, max_iter=2, **still) for seed in (0, 1))
    losses = np.reshape(first.network_.history.losses, (2, 8))  # of weights that stay as they are
    assert (losses[0] != losses[1]).any()
    assert losses[0].mean() == pytest.approx(losses[1].mean())
    other.network_.load_state_dict(first.network_.state_dict())
    ends = [model.fit(*digits).network_.history.losses[-8:] for model in (first, other)]
    assert ends[0] != ends[1]
    straight = fitted(digits, shuffle=False, max_iter=2, **still).network_.history.losses
    assert straight[:8] == straight[8:]


def test_a_warm_start_goes_on_where_the_last_fit_ended(digits):
    whole = fitted(digits, max_iter=6, warm_start=True)
    parts = fitted(digits, max_iter=3, warm_start=True).fit(*digits)
    assert (parts.n_iter_, parts.loss_curve_) == (3, whole.loss_curve_)
    assert bits(parts) == bits(whole)
    assert bits(fitted(digits, max_iter=3).fit(*digits)) == bits(fitted(digits, max_iter=3))


def test_a_warm_start_refuses_a_class_that_is_new(digits):
    x, y = digits
    model = fitted((x[y < 5], y[y < 5]), warm_start=True)
    with pytest.raises(ValueError, match=r"^Classifier: y must be of classes_, got 5"):
        model.fit(x, y)


@pytest.mark.parametrize("other", [dict(hidden_layer_sizes=(3,)), dict(activation="tanh")])
def test_layers_stay_as_they_are_while_a_network_goes_on_learning(digits, other):
    model = fitted(digits, warm_start=True).set_params(**other)
    for learn in (model.fit, model.partial_fit):
        with pytest.raises(
            ValueError, match=rf"^Classifier: {next(iter(other))} must stay .* got "
        ):
            learn(*digits)


def test_parts_are_learned_one_after_another(digits):
    x, y = digits
    whole = fitted(digits, max_iter=4, shuffle=False)
    model = cutaway.Classifier((12,), random_state=0, shuffle=False)
    for _ in range(4):
        model.partial_fit(x, y, classes=range(10))
    assert (model.n_iter_, model.loss_curve_) == (1, whole.loss_curve_)
    assert bits(model) == bits(whole)
    model.partial_fit(x[y > 7], y[y > 7])  # of some classes only


@pytest.mark.parametrize(
    ("settings", "classes", "sentence"),
    [
        ({}, None, "partial_fit: classes must be given at the first call, got None"),
        (dict(early_stopping=True), [0, 1], "partial_fit: early_stopping must be False, got True"),
        ({}, [0, 1], "Classifier: y must be of classes_, got 2"),
        ({}, ["a", "b"], "Classifier: y must be of classes_, got 0"),
        ({}, [0], "Classifier: y must have at least 2 classes, got 1 class"),
        (dict(solver="lbfgs"), [0, 1], "Classifier: solver must be one of 'adam', 'sgd', got 'lbfgs'"),
        (dict(hidden_layer_sizes=(3, 0)), [0], "Classifier: hidden_layer_sizes must be at least 1, got 0"),
        (dict(random_state="a"), [0, 1], "Classifier: random_state must be an integer from 0 to"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_is_one_sentence(digits, settings, classes, sentence):
    x, y = digits
    with pytest.raises(ValueError, match="^" + re.escape(sentence)):
        cutaway.Classifier(**settings).partial_fit(x, y, classes)


def test_other_classes_than_at_the_first_call_are_refused(digits):
    model = cutaway.Classifier().partial_fit(*digits, classes=range(10))
    with pytest.raises(ValueError, match=r"^partial_fit: classes must be those of the first call"):
        model.partial_fit(*digits, classes=range(9))


def test_a_training_that_diverges_says_when_and_what_to_try(digits):
    with pytest.raises(RuntimeError, match=r"^Classifier: .*finite, got .* smaller learning_rate"):
        fitted(digits, solver="sgd", learning_rate_init=1e30)


def test_a_pickle_and_a_copy_predict_and_go_on_to_the_same_bits(digits):
    model = fitted(digits, warm_start=True)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(
            other.predict_proba(digits[0]), model.predict_proba(digits[0])
        )
        assert bits(other.fit(*digits)) == bits(copy.deepcopy(model).fit(*digits))


def test_a_notebook_shows_the_hidden_layer_below_the_diagram(digits):
    from sklearn import config_context

    assert "<img" not in cutaway.Classifier()._repr_html_()
    model = fitted(digits)
    assert "64 weights: orange excites it" in model._repr_html_()
    assert model._repr_mimebundle_()["text/html"].count("<img") == 1
    with config_context(display="text"):
        assert "text/html" not in model._repr_mimebundle_()


def test_what_draws_and_asks_takes_its_network(digits):
    model = fitted(digits, max_iter=3)
    assert "over 6 mini-batches" in cutaway.loss_curve(model.network_.history).description
    data = cutaway.Dataset(digits[0].astype(np.float32), digits[1])
    assert cutaway.mistakes(model.network_, data).info["Description"]
    assert cutaway.mistakes(model, data).info == cutaway.mistakes(model.network_, data).info
    assert cutaway.grid(model).tobytes() == cutaway.grid(model.coefs_[0]).tobytes()


def test_a_network_of_it_goes_on_learning_and_leaves_it_as_it_is(digits):
    model = fitted(digits, max_iter=3)
    before, network = bits(model), cutaway.Network.from_model(model, backend="cpu")
    assert (bits(model), network.architecture.loss) == (network.fingerprint(), "cross_entropy")
    assert network.class_names == tuple("0123456789")
    network.set_weights(0, 0 * network.get_weights(0))
    assert bits(model) == before
    with pytest.raises(ValueError, match=r"^from_model: model must have learned, got a Classifier"):
        cutaway.Network.from_model(cutaway.Classifier())


def search(data, jobs=2):
    """The scores of a search, of which each part is a job."""
    from sklearn.model_selection import GridSearchCV

    choices = dict(learning_rate_init=[0.01, 0.1], activation=["relu", "tanh"])
    model = cutaway.Classifier((12,), max_iter=8, random_state=0)
    return GridSearchCV(model, choices, cv=2, n_jobs=jobs).fit(*data).cv_results_["mean_test_score"]


@pytest.mark.parametrize("workers", ["threading", "loky"])
def test_a_search_gives_the_same_scores_to_the_bit_under_threads_and_processes(digits, workers):
    import joblib

    expected = search(digits, jobs=1)
    assert len(set(expected)) == 4
    with joblib.parallel_config(workers):
        np.testing.assert_array_equal(search(digits), expected)


@pytest.mark.needs("distributed")
def test_a_search_gives_the_same_scores_to_the_bit_under_dask(digits):
    import joblib
    from distributed import Client

    expected = search(digits, jobs=1)
    with (
        warnings.catch_warnings(),
        Client(n_workers=2, threads_per_worker=1, dashboard_address=":0"),
        joblib.parallel_config("dask"),
    ):
        warnings.simplefilter("ignore")  # of Dask's own
        np.testing.assert_array_equal(search(digits), expected)


def test_without_scikit_learn_a_sentence_says_what_to_install(monkeypatch):
    for name in ("sklearn", "sklearn.base"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "cutaway.interop.estimator", raising=False)
    monkeypatch.delitem(vars(cutaway), "Classifier", raising=False)
    with pytest.raises(
        ModuleNotFoundError, match=r"^Classifier: needs .* pip install 'cutaway\[sklearn\]'$"
    ):
        _ = cutaway.Classifier
