"""A bundle whose files dvc keeps as symbolic links into its cache is opened; any other link is refused."""

import os

import pytest
from bundles import write_bundle

from decant.errors import BundleError
from decant.files import digest
from decant.runtime import Bundle

FILES = ("decant.json", "tokenizer.json", "onnx/model_quantized.onnx")


def moved(bundle, name, md5=None):
    """A file moved to the cache of dvc, with a link in its place; returns the object."""
    md5 = md5 or digest(bundle / name, "md5")
    object_ = bundle.parent / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    object_.parent.mkdir(parents=True)
    os.rename(bundle / name, object_)
    (bundle / name).symlink_to(object_)
    return object_


@pytest.fixture
def bundle(workspace):
    return write_bundle(workspace)


def test_links_into_the_cache_of_dvc_are_taken(bundle):
    for name in FILES:
        moved(bundle, name)
    assert Bundle(bundle).predict(["btc"])[0]["answer"] == "crypto"


@pytest.mark.parametrize("name", FILES)
def test_an_object_with_other_bytes_than_its_name_says_is_refused(bundle, name):
    moved(bundle, name, md5="0" * 32)
    with pytest.raises(
        BundleError, match=rf"{name}: a link to an object of a cache with other bytes than its name says"
    ):
        Bundle(bundle)


def test_a_folder_that_is_a_link_into_a_cache_is_refused(bundle):
    moved(bundle, "onnx", md5="1" * 32)
    with pytest.raises(BundleError, match=r"onnx: a link, which may lead out of the bundle"):
        Bundle(bundle)


def test_a_link_to_what_only_ends_as_an_object_does_is_refused(bundle):
    (bundle.parent / "md5/00").mkdir(parents=True)
    os.rename(bundle / "tokenizer.json", bundle.parent / "md5/00" / ("0" * 30))
    (bundle / "tokenizer.json").symlink_to(bundle.parent / "md5/00" / ("0" * 30))
    with pytest.raises(BundleError, match=r"tokenizer\.json: a link, which may lead out of the bundle"):
        Bundle(bundle)
