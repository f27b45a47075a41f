"""The panel Backend."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import ctk
import qt
import slicer

from SSLSegmentationLib.contract.errors import SSLSegmentationError
from SSLSegmentationLib.gui.backend.last_logs import last_logs
from SSLSegmentationLib.gui.backend.packages import BUILDS, build_title
from SSLSegmentationLib.gui.operation import Progress
from SSLSegmentationLib.gui.panels.backend.logic import BackendLogic
from SSLSegmentationLib.gui.panels.backend.state import BackendState
from SSLSegmentationLib.gui.panels.panel import Panel
from SSLSegmentationLib.gui.texts import _
from SSLSegmentationLib.gui.widgets import form, messages
from SSLSegmentationLib.gui.widgets.progress import ProgressRow

_LOG_SECONDS = 0.5
_LOG_HEIGHT = 140


class BackendPanel(Panel[BackendState]):
    """One line that says what there is, and below it, folded away, how to set up another one."""

    name = "backend"
    state_type = BackendState

    def build(self) -> None:
        self.logic = BackendLogic(self.session, changed=self.show_state)
        self._log_time = 0.0
        rows = self.form
        self.status = rows.add_wide(form.note(), _("The Python with torch that trains and applies models, and what it can use."))
        self.setup_button = form.button(_("Set up …"), _("Shows how to install the backend. Nothing is downloaded yet."))
        self.setup_button.setCheckable(True)
        self.setup_button.setObjectName("setupButton")
        self.check_button = form.button(_("Check"), _("Asks the backend again what it can do and how much memory is free."))
        self.report_button = form.button(
            _("Copy report"), _("Copies versions, device, memory and the last log lines. Names and folders are masked.")
        )
        rows.add_wide(form.row(self.setup_button, self.check_button, self.report_button))
        self.setup = rows.add_wide(qt.QWidget())
        self._build_setup(form.Form(self.setup))
        self.progress = ProgressRow(self.connections)
        rows.add_wide(self.progress.widget)
        self.log_box = ctk.ctkCollapsibleGroupBox()
        self.log_box.setTitle(_("Log of the installation"))
        self.log_text = qt.QPlainTextEdit()
        self.log_text.setReadOnly(True)
        self.log_text.setFixedHeight(_LOG_HEIGHT)
        qt.QVBoxLayout(self.log_box).addWidget(self.log_text)
        self.log_box.collapsed = True
        rows.add_wide(self.log_box, _("What pip says. Folded away until something goes wrong."))
        self.setup.setVisible(False)
        self.log_box.setVisible(False)
        self._connect()

    def _build_setup(self, rows: form.Form) -> None:
        self._base_tooltip = _("The backend is made from it; it stays as it is. Versions 3.10 to 3.13 fit.")
        self.base = rows.add(_("Python"), form.choice([]), self._base_tooltip)
        self.base_path = rows.add(
            _("Another"), form.path_edit(folder=False), _("The program of a Python that was not found, such as python3.12.")
        )
        self.folder = rows.add(
            _("Folder"), form.path_edit(folder=True), _("The backend is installed in here, outside of Slicer and the extension.")
        )
        self.build_choice = rows.add(
            _("Torch"),
            form.choice([(name, build_title(build)) for name, build in BUILDS.items()]),
            _("Which build of torch. The standard one comes from wherever pip is set up to look, also from a mirror."),
        )
        self.options = rows.add(
            _("pip options"), qt.QLineEdit(), _("Further words for pip, such as --proxy http://HOST:PORT or --index-url URL.")
        )
        self.options.setPlaceholderText(_("none"))
        self.needs = rows.add_wide(form.note(), _("About how much is downloaded and stored, and how much space there is."))
        self.install_button = form.button(
            _("Install"), _("Downloads and installs the backend. The one in use stays until the new one works.")
        )
        self.install_button.setObjectName("installButton")
        self.use_button = form.button(
            _("Use as it is"), _("Installs nothing: takes the chosen Python, which must have torch and the other packages.")
        )
        rows.add_wide(form.row(self.install_button, self.use_button))

    def _connect(self) -> None:
        self.connect(self.setup_button, "toggled(bool)", self._unfold)
        self.connect(self.check_button, "clicked()", self._check)
        self.connect(self.report_button, "clicked()", self.copy_report)
        self.connect(self.base, "currentIndexChanged(int)", self._base_chosen)
        self.connect(self.base_path, "currentPathChanged(QString)", self._base_typed)
        self.connect(self.folder, "currentPathChanged(QString)", self._folder_typed)
        self.connect(self.build_choice, "currentIndexChanged(int)", self._build_chosen)
        self.connect(self.options, "editingFinished()", self._options_typed)
        self.connect(self.install_button, "clicked()", self.install)
        self.connect(self.use_button, "clicked()", self._use)
        self.connect(self.log_box, "toggled(bool)", self._show_log)

    def enter(self) -> None:
        super().enter()
        self.logic.refresh()

    def show_state(self) -> None:
        logic = self.logic
        self.status.setText(logic.line)
        self.check_button.setEnabled(bool(logic.python) and logic.checking is None)
        entries = [(found.path, found.title) for found in logic.pythons if found.fit or found is logic.base]
        form.fill_choice(self.base, entries or [("", _("Looking for Python …") if logic.finding else _("none found"))])
        # Those that don't fit are not in the list; here one sees why.
        self.base.setToolTip("\n".join([self._base_tooltip, *(found.title for found in logic.pythons)]))
        base = logic.base
        self._quietly(self.base, lambda: form.select(self.base, base.path if base is not None else None))
        self._quietly(self.build_choice, lambda: form.select(self.build_choice, self.state.build))
        # Compared as paths: a separator that was just typed at the end must stay.
        if Path(self.folder.currentPath) != logic.folder:
            self._quietly(self.folder, lambda: self.folder.setCurrentPath(str(logic.folder)))
        if self.options.text != logic.pip_options:
            self.options.setText(logic.pip_options)
        self._show_needs()
        idle = logic.installing is None
        for control in (self.base, self.base_path, self.folder, self.build_choice, self.options):
            control.setEnabled(idle)
        self.use_button.setEnabled(idle and base is not None and logic.checking is None)

    def _show_needs(self) -> None:
        """The size of what would be installed; Install is grey where that can't work, and the reason is here."""
        ready = False
        if self.logic.finding is not None:
            text = _("Looking for Python …")
        else:
            try:
                plan = self.logic.plan(self.state.build)
            except SSLSegmentationError as error:
                text = f"{error.message} {error.hint}"
            else:
                ready = not plan.missing_bytes
                text = _("About {download:.1f} GB to download and {disk:.1f} GB on disk; {free} free.").format(
                    download=plan.download_bytes / 1e9,
                    disk=plan.disk_bytes / 1e9,
                    free=_("an unknown space is") if plan.free_bytes is None else f"{plan.free_bytes / 1e9:.1f} GB",
                )
                text += "" if ready else " " + _("That is too little: free some space or choose another folder.")
        advice = self.logic.advice()
        self.needs.setText(f"{text}\n{advice}" if advice else text)
        self.install_button.setEnabled(ready and self.logic.installing is None)

    def install(self) -> None:
        """Starts the installation of what is chosen."""
        plan = self.logic.plan(self.state.build)
        operation = self.logic.install(plan, on_progress=self._progressed, on_done=self._installed, on_error=self._failed)
        self.log_box.setVisible(True)
        self.progress.start(operation)

    def copy_report(self) -> None:
        """Puts the report into the clipboard."""
        application = f"Slicer {slicer.app.applicationVersion} revision {slicer.app.revision} on {slicer.app.platform}"
        logs = last_logs(self.session.settings.runs_folder, self.session.worker_logs)
        qt.QApplication.clipboard().setText(self.logic.report(application, logs=logs))
        messages.say(_("The report is in the clipboard."))

    def _progressed(self, progress: Progress) -> None:
        self.progress.show(progress)
        if time.monotonic() - self._log_time > _LOG_SECONDS:
            self._show_log()

    def _installed(self) -> None:
        self.progress.finish(_("The backend is installed."))
        self.setup_button.setChecked(False)
        self._show_log()

    def _failed(self, error: SSLSegmentationError) -> None:
        cancelled = error.code == "job.cancelled"
        self.progress.finish(messages.cancelled_text() if cancelled else f"{error.message} {error.hint}")
        self._show_log()
        if not cancelled:
            self.log_box.collapsed = False
            messages.show_error(error)

    def _show_log(self) -> None:
        self._log_time = time.monotonic()
        if self.log_box.collapsed:
            return
        self.log_text.setPlainText("\n".join(self.logic.log()))
        bar = self.log_text.verticalScrollBar()
        bar.setValue(bar.maximum)

    def _unfold(self, shown: bool) -> None:
        self.setup.setVisible(shown)
        if shown:
            # Each time: a person goes off to install a Python and comes back.
            self.logic.find()

    def _check(self) -> None:
        self.logic.refresh(again=True)

    def _base_chosen(self) -> None:
        self.logic.choose_base(str(self.base.currentData or ""))

    def _base_typed(self, path: str) -> None:
        if path and Path(path).is_file():
            self.logic.choose_base(path)

    def _folder_typed(self, path: str) -> None:
        self.logic.choose_folder(path)

    def _build_chosen(self) -> None:
        self.state.build = str(self.build_choice.currentData)
        self.save()
        self.show_state()

    def _options_typed(self) -> None:
        self.logic.choose_pip_options(self.options.text)

    def _use(self) -> None:
        self.logic.use(on_error=messages.show_error)

    @staticmethod
    def _quietly(control: Any, change: Any) -> None:
        """A change that sends no signal."""
        blocked = control.blockSignals(True)
        change()
        control.blockSignals(blocked)
