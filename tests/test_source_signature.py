import ast

import pytest

from nsca.source_signature import (
    UnknownTargetError,
    config_reads,
    module_file,
    module_strings,
    resolve_class,
    signature_of,
)


def test_the_parameters_of_a_class_are_read_without_importing_it():
    signature = signature_of("torch.optim.AdamW")
    assert {"params", "lr", "weight_decay"} <= set(signature.annotations)
    assert "self" not in signature.annotations


def test_a_dataclass_has_its_fields_as_parameters():
    signature = signature_of("nsca.debug.DebugPreset")
    assert list(signature.annotations) == ["name", "find_lr", "profile"]
    assert ast.unparse(signature.annotations["find_lr"]) == "bool"


def test_a_class_without_constructor_has_that_of_its_base():
    own = signature_of("lightning.pytorch.callbacks.RichModelSummary")
    assert "max_depth" in own.annotations


def test_a_re_exported_class_is_found_where_it_is_defined():
    assert signature_of("lightning.pytorch.loggers.CSVLogger").module.endswith("csv_logs")


@pytest.mark.parametrize(
    "name", ["os.system", "nsca.verb.os.system", "nsca.verb.launch", "nsca.errors.UserErrors"]
)
def test_what_is_no_class_of_its_package_is_unknown(name: str):
    with pytest.raises(UnknownTargetError):
        signature_of(name)


def test_candidates_stand_beside_a_misspelt_name():
    with pytest.raises(UnknownTargetError) as error:
        signature_of("nsca.errors.UserErrors")
    assert error.value.candidates == ("nsca.errors.UserError",)
    with pytest.raises(UnknownTargetError) as error:
        signature_of("nsca.loggers.csv_logg.CsvLog")
    assert "nsca.loggers.csv_log.CsvLog" in error.value.candidates


def test_names_inside_a_module_resolve_to_their_classes():
    module = "nsca.phases.vision.module"
    assert resolve_class(module, "OptimizerSettings") == "nsca.phases.optimizer.OptimizerSettings"
    assert resolve_class(module, "torch") is None


def test_strings_of_a_constant():
    assert "nt_xent" in module_strings("nsca.phases.vision.module", "TERMS")
    assert module_strings("nsca.phases.vision.module", "NOTHING") == frozenset()
    assert module_strings("nsca.phases.vision.module", "PARTS") == {"vision"}
    assert module_strings("nsca.phases.vision.module", "PARTS", values=True) == {"encoder"}


def test_reads_of_the_training_verb_cover_its_modules():
    reads = config_reads("nsca.train")
    assert ("dry_run",) in reads
    assert ("hardware",) in reads
    assert ("phase", "_target_") in reads
    assert ("logger",) in reads  # cfg.logger.values(): a method is no key
    assert () not in reads


def test_files_of_modules():
    assert module_file("nsca.errors").name == "errors.py"
    assert module_file("nsca").name == "__init__.py"
    assert module_file("nsca.nothing") is None
    assert module_file("no_such_package_at_all.x") is None
