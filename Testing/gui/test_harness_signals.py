"""Points 5 and 6: signals by C++ signature, slots that never raise; and what the fixtures make of them."""

from __future__ import annotations

import functools

import pytest
import qt

from Testing.harness.watchdog import pump

pytestmark = pytest.mark.usefixtures("application")


@pytest.fixture
def button(host):
    return host(qt.QPushButton("Apply"))


def test_connect_by_signature_answers_true(button) -> None:
    got = []
    assert button.connect("clicked(bool)", lambda checked: got.append(checked)) is True
    assert button.connect("clicked()", lambda: got.append("plain")) is True
    button.click()
    assert got == [False, "plain"]


def test_an_unknown_signal_answers_false_and_is_recorded(button, events, capsys) -> None:
    assert button.connect("pressedTwice()", print) is False
    assert button.connect("clicked(QString)", print) is False
    assert button.connect("clicked", print) is False
    assert len(events.unknown_signals) == 3 and "pressedTwice" in capsys.readouterr().err
    events.unknown_signals.clear()


def test_the_overload_is_chosen_by_its_types(host) -> None:
    combo = host(qt.QComboBox())
    combo.addItems(["a", "b"])
    got = []
    assert combo.connect("currentIndexChanged(int)", got.append)
    assert combo.connect("currentTextChanged(QString)", got.append)
    combo.setCurrentIndex(1)
    assert got == [1, "b"]


def test_surplus_arguments_are_dropped_for_functions_and_methods(button) -> None:
    got = []

    class Panel:
        def apply(self):
            got.append("method")

        def apply_with_default(self, dry_run="default"):
            got.append(dry_run)

    panel = Panel()
    for slot in (panel.apply, panel.apply_with_default, lambda: got.append("function"), lambda *every: got.append(every)):
        assert button.connect("clicked(bool)", slot)
    button.click()
    assert got == ["method", False, "function", (False,)]


def test_partials_and_callable_objects_get_all_arguments(button, events) -> None:
    got = []

    class Callable:
        def __call__(self):
            got.append("called")

    assert button.connect("clicked(bool)", functools.partial(got.append))
    assert button.connect("clicked(bool)", Callable())
    button.click()
    assert got == [False]
    assert len(events.slot_errors) == 1 and "TypeError" in events.slot_errors[0]
    events.slot_errors.clear()


def test_an_exception_in_a_slot_is_printed_swallowed_and_recorded(button, events, capsys) -> None:
    got = []
    button.connect("clicked()", lambda: 1 / 0)
    button.connect("clicked()", lambda: got.append("next"))
    button.click()
    assert got == ["next"]
    assert "ZeroDivisionError" in events.slot_errors[0] and "ZeroDivisionError" in capsys.readouterr().err
    events.slot_errors.clear()


def test_an_exception_in_an_overridden_event_is_recorded(host, events) -> None:
    class Broken(qt.QWidget):
        def resizeEvent(self, event):
            raise KeyError("broken")

    widget = host(Broken())
    widget.show()
    pump(timeout=0.05)
    assert "KeyError" in events.slot_errors[0]
    events.slot_errors.clear()


def test_connections_hold_their_callables(button) -> None:
    got = []

    class Panel:
        def apply(self):
            got.append("alive")

    button.connect("clicked()", Panel().apply)
    button.click()
    assert got == ["alive"]


def test_connected_twice_is_called_twice_and_disconnect_takes_one(button) -> None:
    got = []

    def slot():
        got.append(1)

    button.connect("clicked()", slot)
    button.connect("clicked()", slot)
    button.click()
    assert len(got) == 2
    assert button.disconnect("clicked()", slot) is True
    button.click()
    assert len(got) == 3
    assert button.disconnect("clicked()") is True
    assert button.disconnect("clicked()", slot) is False
    button.click()
    assert len(got) == 3


def test_member_form_of_connect_disconnect_emit(button) -> None:
    got = []
    assert button.clicked.connect(got.append)
    button.clicked.emit(True)
    assert button.clicked.disconnect(got.append)
    button.click()
    assert got == [True]
    with pytest.raises(TypeError):
        button.clicked[bool]


def test_signals_deliver_enums_as_ints(application) -> None:
    process = qt.QProcess()
    got = []
    assert process.connect("finished(int,QProcess::ExitStatus)", lambda code, status: got.extend([code, status]))
    process.start("true", [])
    assert pump(until=lambda: got, timeout=10)
    assert got == [0, qt.QProcess.NormalExit] and isinstance(got[1], int)


def test_blocked_signals_are_not_delivered(button) -> None:
    got = []
    button.connect("clicked()", lambda: got.append(1))
    assert button.blockSignals(True) is False
    button.click()
    assert button.blockSignals(False) is True and not got


def test_a_slot_must_be_callable(button) -> None:
    with pytest.raises(TypeError):
        button.connect("clicked()", None)
