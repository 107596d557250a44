/* A libnvidia-ml.so.1 without a driver: it answers what a scenario says.
 *
 * Built against NVIDIA's own nvml.h, so that the compiler checks every signature and structure. With -DR525 it lacks
 * the functions that came after the drivers of that branch.
 *
 * NVML_STANDIN names the scenario: lines "key=value"; "gpu.key" holds for all cards, "gpu0.key" for one, and
 * "gpu0.mig1.key" for an instance. A key that is not there is NVML_ERROR_NOT_SUPPORTED. A number may change with time
 * in seconds ("300000 2@700000"), rise ("5000+700/s"), or be an error ("!NO_PERMISSION"). After "lost_at" seconds a
 * card answers NVML_ERROR_GPU_IS_LOST only. Time runs from nvmlInit, unless standin_clock() has set it.
 */
#define NVML_NO_UNVERSIONED_FUNC_DEFS
#include <nvml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_LINES 512
#define MOST_GPUS 8
#define MOST_INSTANCES 7

struct nvmlDevice_st {
    int gpu;
    int instance; /* -1: the whole card */
};

static char keys[MOST_LINES][64], values[MOST_LINES][256];
static int lines;
static struct nvmlDevice_st cards[MOST_GPUS], instances[MOST_GPUS][MOST_INSTANCES];
static double began_s, clock_s = -1;

static double monotonic_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

/* Stop the clock at this moment; a negative one lets it run from now. */
void standin_clock(double seconds) {
    clock_s = seconds;
    if (seconds < 0) began_s = monotonic_s();
}

static double now_s(void) { return clock_s >= 0 ? clock_s : monotonic_s() - began_s; }

static const char *text(const char *key) {
    for (int i = 0; i < lines; i++)
        if (!strcmp(keys[i], key)) return values[i];
    return NULL;
}

static const char *of(nvmlDevice_t device, const char *key) {
    char name[96];
    const char *found = NULL;
    if (device->instance >= 0) {
        snprintf(name, sizeof name, "gpu%d.mig%d.%s", device->gpu, device->instance, key);
        return text(name);
    }
    snprintf(name, sizeof name, "gpu%d.%s", device->gpu, key);
    found = text(name);
    if (found) return found;
    snprintf(name, sizeof name, "gpu.%s", key);
    return text(name);
}

static nvmlReturn_t error(const char *name) {
    static const struct { const char *name; nvmlReturn_t code; } known[] = {
        {"NOT_SUPPORTED", NVML_ERROR_NOT_SUPPORTED}, {"NO_PERMISSION", NVML_ERROR_NO_PERMISSION},
        {"GPU_IS_LOST", NVML_ERROR_GPU_IS_LOST}, {"INVALID_ARGUMENT", NVML_ERROR_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strncmp(name, known[i].name, strlen(known[i].name))) return known[i].code;
    return NVML_ERROR_UNKNOWN;
}

/* "300000 2@700000+10/s 4@!GPU_IS_LOST": the last piece that has begun. */
static nvmlReturn_t evaluate(const char *line, double *value) {
    const char *piece = line;
    double since = 0;
    if (!line) return NVML_ERROR_NOT_SUPPORTED;
    for (const char *space = strchr(line, ' '); space; space = strchr(space + 1, ' ')) {
        char *rest;
        double from = strtod(space + 1, &rest);
        if (*rest != '@' || from > now_s()) break;
        since = from;
        piece = rest + 1;
    }
    if (*piece == '!') return error(piece + 1);
    char *rest;
    *value = strtod(piece, &rest);
    if (*rest == '+') *value += strtod(rest + 1, NULL) * (now_s() - since);
    return NVML_SUCCESS;
}

static nvmlReturn_t number(nvmlDevice_t device, const char *key, double *value) {
    double lost_at;
    if (evaluate(of(device, "lost_at"), &lost_at) == NVML_SUCCESS && now_s() >= lost_at) return NVML_ERROR_GPU_IS_LOST;
    return evaluate(of(device, key), value);
}

static nvmlReturn_t whole(nvmlDevice_t device, const char *key, unsigned int *value) {
    double found;
    nvmlReturn_t code = number(device, key, &found);
    if (code == NVML_SUCCESS) *value = (unsigned int)found;
    return code;
}

static nvmlReturn_t large(nvmlDevice_t device, const char *key, unsigned long long *value) {
    double found;
    nvmlReturn_t code = number(device, key, &found);
    if (code == NVML_SUCCESS) *value = (unsigned long long)found;
    return code;
}

static nvmlReturn_t words(const char *found, char *buffer, unsigned int length) {
    if (!found) return NVML_ERROR_NOT_SUPPORTED;
    if (strlen(found) + 1 > length) return NVML_ERROR_INSUFFICIENT_SIZE;
    strcpy(buffer, found);
    return NVML_SUCCESS;
}

/* The system */

nvmlReturn_t nvmlInitWithFlags(unsigned int flags) {
    const char *path = getenv("NVML_STANDIN");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[384];
    (void)flags;
    if (!file) return NVML_ERROR_DRIVER_NOT_LOADED;
    lines = 0;
    while (fgets(line, sizeof line, file) && lines < MOST_LINES) {
        char *equals = strchr(line, '=');
        line[strcspn(line, "\n")] = 0;
        if (*line == '#' || !equals) continue;
        *equals = 0;
        snprintf(keys[lines], sizeof *keys, "%.63s", line);
        snprintf(values[lines++], sizeof *values, "%.255s", equals + 1);
    }
    fclose(file);
    for (int i = 0; i < MOST_GPUS; i++) {
        cards[i] = (struct nvmlDevice_st){i, -1};
        for (int j = 0; j < MOST_INSTANCES; j++) instances[i][j] = (struct nvmlDevice_st){i, j};
    }
    if (!began_s) began_s = monotonic_s();
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

nvmlReturn_t nvmlShutdown(void) { return NVML_SUCCESS; }

const char *nvmlErrorString(nvmlReturn_t result) {
    switch (result) {
    case NVML_SUCCESS: return "Success";
    case NVML_ERROR_NOT_SUPPORTED: return "Not Supported";
    case NVML_ERROR_NO_PERMISSION: return "Insufficient Permissions";
    case NVML_ERROR_GPU_IS_LOST: return "GPU is lost";
    case NVML_ERROR_DRIVER_NOT_LOADED: return "Driver Not Loaded";
    default: return "Unknown Error";
    }
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length) {
    return words(text("driver"), version, length);
}

nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned int length) {
    return words(text("driver"), version, length);
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion(int *version) {
    double value;
    nvmlReturn_t code = evaluate(text("cuda"), &value);
    if (code == NVML_SUCCESS) *version = (int)value;
    return code;
}

nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version) { return nvmlSystemGetCudaDriverVersion(version); }

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count) {
    double value;
    nvmlReturn_t code = evaluate(text("gpus"), &value);
    if (code == NVML_SUCCESS) *count = (unsigned int)value;
    return code;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
    unsigned int count;
    if (nvmlDeviceGetCount_v2(&count) != NVML_SUCCESS || index >= count) return NVML_ERROR_INVALID_ARGUMENT;
    *device = &cards[index];
    return number(*device, "handle", &(double){0}) == NVML_ERROR_GPU_IS_LOST ? NVML_ERROR_GPU_IS_LOST : NVML_SUCCESS;
}

/* Functions that give one number or one text */

#define WHOLE(function, key) \
    nvmlReturn_t function(nvmlDevice_t device, unsigned int *value) { return whole(device, key, value); }
#define LARGE(function, key) \
    nvmlReturn_t function(nvmlDevice_t device, unsigned long long *value) { return large(device, key, value); }
#define FLAG(function, type, key) \
    nvmlReturn_t function(nvmlDevice_t device, type *value) { return whole(device, key, (unsigned int *)value); }
#define TEXT(function, key) \
    nvmlReturn_t function(nvmlDevice_t device, char *buffer, unsigned int length) { \
        return words(of(device, key), buffer, length); \
    }

TEXT(nvmlDeviceGetName, "name")
TEXT(nvmlDeviceGetUUID, "uuid")
WHOLE(nvmlDeviceGetPowerUsage, "power_mw")
WHOLE(nvmlDeviceGetPowerManagementLimit, "power_limit_mw")
WHOLE(nvmlDeviceGetEnforcedPowerLimit, "power_limit_mw")
WHOLE(nvmlDeviceGetPowerManagementDefaultLimit, "power_default_mw")
WHOLE(nvmlDeviceGetCurrPcieLinkGeneration, "pcie_generation")
WHOLE(nvmlDeviceGetMaxPcieLinkGeneration, "pcie_generation_max")
WHOLE(nvmlDeviceGetGpuMaxPcieLinkGeneration, "pcie_generation_max")
WHOLE(nvmlDeviceGetCurrPcieLinkWidth, "pcie_width")
WHOLE(nvmlDeviceGetMaxPcieLinkWidth, "pcie_width_max")
WHOLE(nvmlDeviceGetMaxMigDeviceCount, "mig_places")
LARGE(nvmlDeviceGetTotalEnergyConsumption, "energy_mj")
LARGE(nvmlDeviceGetCurrentClocksThrottleReasons, "reasons")
FLAG(nvmlDeviceGetPersistenceMode, nvmlEnableState_t, "persistence")
FLAG(nvmlDeviceGetComputeMode, nvmlComputeMode_t, "compute_mode")
FLAG(nvmlDeviceGetArchitecture, nvmlDeviceArchitecture_t, "architecture")

nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index) {
    *index = (unsigned int)device->gpu;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor) {
    unsigned int both;
    nvmlReturn_t code = whole(device, "compute_capability", &both);
    if (code == NVML_SUCCESS) *major = (int)both / 10, *minor = (int)both % 10;
    return code;
}

/* Memory, clocks, temperature, utilisation */

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
    nvmlReturn_t code = large(device, "memory_total", &memory->total);
    if (code == NVML_SUCCESS) code = large(device, "memory_used", &memory->used);
    memory->free = memory->total - memory->used;
    return code;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
    if (memory->version != nvmlMemory_v2) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    nvmlReturn_t code = large(device, "memory_total", &memory->total);
    if (code == NVML_SUCCESS) code = large(device, "memory_used", &memory->used);
    if (large(device, "memory_reserved", &memory->reserved) != NVML_SUCCESS) memory->reserved = 0;
    memory->free = memory->total - memory->used - memory->reserved;
    return code;
}

static const char *clock_key(nvmlClockType_t type, int highest) {
    if (type == NVML_CLOCK_MEM) return highest ? "memory_clock_max_mhz" : "memory_clock_mhz";
    return highest ? "sm_clock_max_mhz" : "sm_clock_mhz";
}

nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int *clock) {
    return whole(device, clock_key(type, 0), clock);
}

nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned int *clock) {
    return whole(device, clock_key(type, 1), clock);
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, nvmlTemperatureSensors_t sensor, unsigned int *celsius) {
    return sensor == NVML_TEMPERATURE_GPU ? whole(device, "temperature_c", celsius) : NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *used) {
    nvmlReturn_t code = whole(device, "utilisation_percent", &used->gpu);
    used->memory = 0;
    return code;
}

/* What no scenario has, and nvitop asks for */
nvmlReturn_t nvmlDeviceGetEncoderUtilization(nvmlDevice_t device, unsigned int *used, unsigned int *period) {
    *period = 0;
    return whole(device, "encoder_percent", used);
}

nvmlReturn_t nvmlDeviceGetDecoderUtilization(nvmlDevice_t device, unsigned int *used, unsigned int *period) {
    *period = 0;
    return whole(device, "decoder_percent", used);
}

nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device, nvmlProcessUtilizationSample_t *samples,
                                             unsigned int *count, unsigned long long last) {
    (void)device, (void)samples, (void)count, (void)last;
    return NVML_ERROR_NOT_SUPPORTED;
}

/* Reliability and sharing */

nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, nvmlEnableState_t *current, nvmlEnableState_t *pending) {
    nvmlReturn_t code = whole(device, "ecc", (unsigned int *)current);
    *pending = *current;
    return code;
}

nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, nvmlMemoryErrorType_t type, nvmlEccCounterType_t counter,
                                         unsigned long long *count) {
    if (type != NVML_MEMORY_ERROR_TYPE_UNCORRECTED || counter != NVML_VOLATILE_ECC) return NVML_ERROR_NOT_SUPPORTED;
    return large(device, "ecc_uncorrected", count);
}

nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned int *corrected, unsigned int *uncorrected,
                                       unsigned int *pending, unsigned int *failed) {
    nvmlReturn_t code = whole(device, "remapped_corrected", corrected);
    if (code == NVML_SUCCESS) code = whole(device, "remapped_uncorrected", uncorrected);
    if (code == NVML_SUCCESS) code = whole(device, "remap_pending", pending);
    if (code == NVML_SUCCESS) code = whole(device, "remap_failed", failed);
    return code;
}

nvmlReturn_t nvmlDeviceGetRetiredPages(nvmlDevice_t device, nvmlPageRetirementCause_t cause, unsigned int *count,
                                       unsigned long long *addresses) {
    unsigned int found;
    nvmlReturn_t code = whole(device, cause == NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR ? "retired_double"
                                                                                               : "retired_single", &found);
    if (code != NVML_SUCCESS) return code;
    if (addresses && *count < found) return NVML_ERROR_INSUFFICIENT_SIZE;
    for (unsigned int i = 0; addresses && i < found; i++) addresses[i] = 4096ULL * i;
    *count = found;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current, unsigned int *pending) {
    nvmlReturn_t code = whole(device, "mig", current);
    *pending = *current;
    return code;
}

nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned int index, nvmlDevice_t *instance) {
    if (index >= MOST_INSTANCES || !of(&instances[device->gpu][index], "name")) return NVML_ERROR_NOT_FOUND;
    *instance = &instances[device->gpu][index];
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned int *is) {
    *is = device->instance >= 0;
    return NVML_SUCCESS;
}

/* "processes=1234:4294967296 77:?" */
static nvmlReturn_t processes(nvmlDevice_t device, const char *key, unsigned int *count, nvmlProcessInfo_t *infos) {
    unsigned int found = 0;
    nvmlReturn_t code = number(device, "processes_error", &(double){0});
    if (code != NVML_ERROR_NOT_SUPPORTED) return code;
    for (const char *at = of(device, key); at && *at; found++) {
        char *rest;
        unsigned int pid = (unsigned int)strtoul(at, &rest, 10);
        if (infos && found < *count) {
            infos[found] = (nvmlProcessInfo_t){.pid = pid, .gpuInstanceId = ~0u, .computeInstanceId = ~0u};
            infos[found].usedGpuMemory = rest[1] == '?' ? (unsigned long long)NVML_VALUE_NOT_AVAILABLE
                                                        : strtoull(rest + 1, NULL, 10);
        }
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    code = found > (infos ? *count : 0) ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
    *count = found;
    return code;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_t *infos) {
    return processes(device, "processes", count, infos);
}

nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_t *infos) {
    return processes(device, "graphics_processes", count, infos);
}

/* The bus */

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci) {
    memset(pci, 0, sizeof *pci);
    pci->bus = 0x10u + (unsigned int)device->gpu;
    snprintf(pci->busId, sizeof pci->busId, "00000000:%02X:00.0", pci->bus);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned int link, nvmlEnableState_t *active) {
    unsigned int links;
    nvmlReturn_t code = whole(device, "nvlinks", &links);
    if (code != NVML_SUCCESS) return code;
    if (link >= links) return NVML_ERROR_INVALID_ARGUMENT;
    *active = NVML_FEATURE_ENABLED;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetP2PStatus(nvmlDevice_t one, nvmlDevice_t other, nvmlGpuP2PCapsIndex_t index,
                                    nvmlGpuP2PStatus_t *status) {
    unsigned int links;
    (void)other;
    if (index != NVML_P2P_CAPS_INDEX_NVLINK) return NVML_ERROR_NOT_SUPPORTED;
    *status = whole(one, "nvlinks", &links) == NVML_SUCCESS ? NVML_P2P_STATUS_OK : NVML_P2P_STATUS_NOT_SUPPORTED;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t one, nvmlDevice_t other, nvmlGpuTopologyLevel_t *level) {
    (void)other;
    return whole(one, "common_ancestor", (unsigned int *)level);
}

/* Fields and counters */

static const char *field_key(unsigned int id, char *other, size_t length) {
    switch (id) {
    case NVML_FI_DEV_POWER_INSTANT: return "power_instant_mw";
    case NVML_FI_DEV_POWER_AVERAGE: return "power_average_mw";
    case NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION: return "energy_mj";
    case NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_POWER_CAP: return "power_cap_ns";
    case NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN: return "software_thermal_ns";
    case NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN: return "hardware_thermal_ns";
    case NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN: return "power_brake_ns";
    }
    snprintf(other, length, "field.%u", id);
    return other;
}

nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, nvmlFieldValue_t *fields) {
    double newest;
    for (int i = 0; i < count; i++) {
        char other[32];
        double value;
        fields[i].nvmlReturn = number(device, field_key(fields[i].fieldId, other, sizeof other), &value);
        if (evaluate(text("newest_field"), &newest) == NVML_SUCCESS && fields[i].fieldId > newest)
            fields[i].nvmlReturn = NVML_ERROR_INVALID_ARGUMENT;
        if (fields[i].nvmlReturn == NVML_ERROR_GPU_IS_LOST) return NVML_ERROR_GPU_IS_LOST;
        if (fields[i].nvmlReturn != NVML_SUCCESS) continue;
        if (fields[i].fieldId >= NVML_FI_DEV_POWER_AVERAGE && fields[i].fieldId <= NVML_FI_DEV_POWER_CURRENT_LIMIT) {
            fields[i].valueType = NVML_VALUE_TYPE_UNSIGNED_INT;
            fields[i].value.uiVal = (unsigned int)value;
        } else {
            fields[i].valueType = NVML_VALUE_TYPE_UNSIGNED_LONG_LONG;
            fields[i].value.ullVal = (unsigned long long)value;
        }
    }
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetViolationStatus(nvmlDevice_t device, nvmlPerfPolicyType_t policy, nvmlViolationTime_t *time) {
    if (policy != NVML_PERF_POLICY_POWER && policy != NVML_PERF_POLICY_THERMAL) return NVML_ERROR_NOT_SUPPORTED;
    time->referenceTime = 0;
    return large(device, policy == NVML_PERF_POLICY_POWER ? "power_cap_ns" : "software_thermal_ns", &time->violationTime);
}

/* Functions that came after R525 */

#ifndef R525
LARGE(nvmlDeviceGetCurrentClocksEventReasons, "reasons")

nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_t *temperature) {
    if (temperature->version != nvmlTemperature_v1) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    return nvmlDeviceGetTemperature(device, temperature->sensorType, (unsigned int *)&temperature->temperature);
}

nvmlReturn_t nvmlSystemGetConfComputeState(nvmlConfComputeSystemState_t *state) {
    double value;
    nvmlReturn_t code = evaluate(text("confidential_computing"), &value);
    memset(state, 0, sizeof *state);
    if (code == NVML_SUCCESS) state->ccFeature = (unsigned int)value;
    return code;
}
#endif
