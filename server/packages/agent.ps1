# Installs the Watchfloor agent for the server @SERVER@, as a Windows service. In PowerShell as administrator:
#
#   $env:WATCHFLOOR_ENROLL = 'watchfloor://...'
#   curl.exe ... @SERVER@/install/agent.ps1 | Out-String | Invoke-Expression
#
# Windows PowerShell 5.1 cannot pin a key, so the curl.exe of Windows (10 1803 and later) fetches this and the package:
# it ends the connection to any other server before it sends a request. Run it again for a newer version.
& {
  $ErrorActionPreference = 'Stop'
  $server = '@SERVER@'
  $pin = '@PIN@'
  $packages = @'
@PACKAGES@
'@
  $me = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
  if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    throw 'watchfloor: open PowerShell as administrator; a service needs it'
  }
  $folder = Join-Path $env:ProgramFiles 'Watchfloor'
  $program = Join-Path $folder 'watchfloor-agent.exe'
  if (-not $env:WATCHFLOOR_ENROLL -and -not (Test-Path $program)) {
    throw 'watchfloor: $env:WATCHFLOOR_ENROLL is not set; "Add a machine" shows the whole line'
  }
  $arch = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'arm64' } else { 'x64' }
  $line = $packages -split "\r?\n" | Where-Object { $_.StartsWith("windows-$arch executable ") } | Select-Object -First 1
  if (-not $line) { throw "watchfloor: this server has no package for windows-$arch; its page Settings, Packages says more" }
  $sum, $name = ($line -split ' ')[2, 3]
  $new = Join-Path $env:TEMP $name
  try {
    $pinning = if ($pin) { '-k', '--pinnedpubkey', $pin } else { @() }
    & curl.exe -fsS --retry 5 @pinning -o $new "$server/install/$name"
    if ($LASTEXITCODE -ne 0) { throw "watchfloor: $server/install/$name could not be fetched" }
    $found = (Get-FileHash -Algorithm SHA256 $new).Hash.ToLowerInvariant()
    if ($found -ne $sum) { throw "watchfloor: $name is not the listed one: its SHA-256 is $found instead of $sum" }
    & $new install
    if ($LASTEXITCODE -ne 0) { throw 'watchfloor: the executable could not install its service' }
  } finally {
    Remove-Item -Force $new -ErrorAction SilentlyContinue
  }
  Write-Output "watchfloor: installed. The machine shows at $server within seconds; if it does not: & '$program' check"
  Write-Output "watchfloor: to remove it: & '$program' uninstall --purge"
}
